"""Layers, how they are shown together, and in other sizes."""
