"""Who belongs together, kept current."""
