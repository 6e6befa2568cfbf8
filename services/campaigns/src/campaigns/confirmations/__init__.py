"""Confirmations: mails that ask the owner of an address whether a consent is really theirs."""
