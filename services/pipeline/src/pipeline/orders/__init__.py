"""Orders: the mirror of what the ERP says."""
