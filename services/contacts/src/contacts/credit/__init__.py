"""Credit: limits by policy, what customers owe as their orders say, and holds."""
