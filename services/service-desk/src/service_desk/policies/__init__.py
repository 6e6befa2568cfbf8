"""Service levels: what is promised to whom, as versioned data."""
