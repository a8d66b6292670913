"""How good a model is, and models for other programs."""
