"""Pairs on their way to a step: read, augmented, in batches."""
