"""Signals of people: responses that count once, and identities; they may come before the lead."""
