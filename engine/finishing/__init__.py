"""What becomes of a finished preview: the thing cut out of its background, the picture made larger."""
