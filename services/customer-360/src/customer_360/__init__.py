"""Rapport customer-360: one view of the customer, folded from every fact."""
