"""History: who changed what of a record, when, from what to what, and on whose behalf."""
