"""Folders of photos made fit to train on, looked at first."""
