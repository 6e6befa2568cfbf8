"""What pipeline knows of the grades that contacts gives customers."""
