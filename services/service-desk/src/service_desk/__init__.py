"""Rapport service-desk: tickets, SLA clocks, surveys."""
