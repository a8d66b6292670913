"""What becomes of a finished preview: the thing cut out of its ground, the picture made larger."""
