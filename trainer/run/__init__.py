"""The run folder: its config, its events, its checkpoint."""
