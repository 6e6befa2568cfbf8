"""Offboardings: with whom the company does no business any more, and who is taken back."""
