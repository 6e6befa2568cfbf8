"""The send gate: whether a message may go out now."""
