"""Grades of customers, as contacts tells them: which service level a ticket comes under."""
