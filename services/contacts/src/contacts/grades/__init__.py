"""Grades: what a customer is worth to us, by a policy that is tried out before it is published."""
