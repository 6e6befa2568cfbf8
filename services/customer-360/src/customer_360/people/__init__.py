"""People: persons, what they allow, who may not be written to, and who they turned out to be."""
