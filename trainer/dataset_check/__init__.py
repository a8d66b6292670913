"""What is wrong with a data set, and a mended copy of it."""
