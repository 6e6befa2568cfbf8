"""What pipeline knows of contacts' credit holds."""
