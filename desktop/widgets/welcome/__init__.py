"""What to begin with."""
