"""Occasions: whose time has come to get the mail of a campaign that waits for it."""
