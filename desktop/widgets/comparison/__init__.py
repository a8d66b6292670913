"""The window that compares models."""
