"""The log: what was sent and what came of it; sending again; forgetting."""
