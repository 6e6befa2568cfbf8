"""Privacy: what people ask about their own data; a request goes through every service."""
