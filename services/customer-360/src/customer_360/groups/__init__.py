"""Groups: a customer with its parents and subsidiaries, as one."""
