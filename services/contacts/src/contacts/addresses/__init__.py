"""Addresses of people: what is done at the door with what a person is reached by."""
