"""Sources: how far the projection has come on each topic."""
