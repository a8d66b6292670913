"""Several models on one drawing, and on one validation set. No widgets."""
