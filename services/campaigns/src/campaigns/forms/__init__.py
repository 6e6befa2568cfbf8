"""Forms, and what people submit through them."""
