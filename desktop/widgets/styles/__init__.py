"""Styles of a picture: the panel, and morphs between them."""
