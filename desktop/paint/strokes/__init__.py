"""Strokes and what a brush leaves along them."""
