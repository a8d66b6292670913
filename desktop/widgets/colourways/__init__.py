"""Colourways in the window."""
