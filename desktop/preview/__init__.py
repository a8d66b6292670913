"""The open model and what it makes of the picture."""
