"""How often and when a person may be addressed: versioned data."""
