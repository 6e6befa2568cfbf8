"""Handovers: what one employee hands over to another, and which customers that concerned."""
