"""Access requests: what campaigns tells a person of what it holds."""
