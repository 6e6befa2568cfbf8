"""Scans: the whole base is looked through for duplicates, page by page, in the background."""
