"""The pairs of a data set: which there are, which side is the input, which are held back."""
