"""Access requests: what pipeline tells a person of what it holds."""
