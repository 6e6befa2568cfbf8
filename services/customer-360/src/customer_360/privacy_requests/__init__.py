"""Privacy requests: what people asked about their own data, as far as it is open."""
