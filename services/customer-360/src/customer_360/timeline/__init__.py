"""The timeline: every fact of a customer as one readable line, newest first."""
