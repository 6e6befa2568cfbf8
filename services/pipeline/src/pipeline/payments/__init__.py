"""Payments: which invoices of the mirrored orders are overdue, and how far."""
