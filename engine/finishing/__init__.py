"""What becomes of a finished preview: the object cut out of its background, the picture made larger."""
