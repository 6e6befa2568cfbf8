"""How people reacted to campaigns."""
