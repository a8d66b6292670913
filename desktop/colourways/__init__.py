"""Colourways: one drawing in several sets of colours. No widgets."""
