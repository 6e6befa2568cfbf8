"""What people have allowed and refused, and who may not be written to."""
