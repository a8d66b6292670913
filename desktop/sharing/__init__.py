"""What a model says of itself, and the file of it that is given away. No widgets."""
