"""May I contact this person now? In the order of the send gate, with the first reason against."""
