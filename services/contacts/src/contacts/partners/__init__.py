"""Partners: customers who sell for us, and their people who do it."""
