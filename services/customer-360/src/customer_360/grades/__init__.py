"""Grades: when what the 360 knows moves a customer across a band, contacts is told to look."""
