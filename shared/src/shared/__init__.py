"""What every Rapport service stands on: the published language and the event path."""
