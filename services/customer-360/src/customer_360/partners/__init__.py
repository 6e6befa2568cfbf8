"""Partners: what a customer is in our programs, and who sells for it."""
