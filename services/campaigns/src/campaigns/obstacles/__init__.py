"""What stands in the way of promotion: open critical tickets, deals already won, and talks."""
