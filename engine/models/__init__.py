"""Model files: read, checked, written, listed."""
