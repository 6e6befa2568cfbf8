"""Access requests: one readable file of all that every service holds of a person."""
