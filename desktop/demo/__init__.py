"""The real window with hands that draw in it: screenshots, an animation, the guide's pictures."""
