"""Plain data that travels between the programs, and its files: no torch, no Qt."""
