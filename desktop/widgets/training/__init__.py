"""The training window, page by page."""
