"""Files of pictures and drawings."""
