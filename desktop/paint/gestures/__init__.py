"""What tools are made of."""
