"""The event catalogue: everything that other systems read of our facts, derived from the registry.

`make contracts` writes it; what it writes is committed, and a test proves it current.
"""
