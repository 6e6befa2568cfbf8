"""Access requests: what customer-360 tells a person of what it holds."""
