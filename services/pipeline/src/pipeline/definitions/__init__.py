"""Pipeline definitions: versioned data that deals are pinned to."""
