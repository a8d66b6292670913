"""The dialog in which photos are prepared."""
