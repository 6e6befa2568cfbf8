"""The measuring rig: what every row of `bench/` shares."""
