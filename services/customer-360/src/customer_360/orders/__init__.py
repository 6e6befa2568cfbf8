"""Orders: what the ERP says was bought."""
