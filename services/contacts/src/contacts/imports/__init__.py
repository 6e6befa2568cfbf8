"""Imports: files of customers or people."""
