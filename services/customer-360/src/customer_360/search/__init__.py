"""Search: from a name, an address, a number or another system's id to the customer."""
