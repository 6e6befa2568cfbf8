"""Access requests: what the desk tells a person of what it holds."""
