"""What stands in the way of promotion: open critical tickets, and deals already won."""
