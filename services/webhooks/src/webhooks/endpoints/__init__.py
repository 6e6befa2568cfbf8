"""Endpoints: how the addresses of subscribers behave, and when one is left alone."""
