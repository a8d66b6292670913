"""The engine thread: requests in, replies out."""
