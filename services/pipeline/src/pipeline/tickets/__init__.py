"""What pipeline knows of service-desk's tickets."""
