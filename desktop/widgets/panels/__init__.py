"""Docks and bars around the canvas."""
