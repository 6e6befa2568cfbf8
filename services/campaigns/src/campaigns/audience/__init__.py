"""What campaigns knows of the people it may address: a copy, fed by the facts of others."""
