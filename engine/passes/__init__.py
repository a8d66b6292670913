"""Passes of a network: whole ones, and from edit to edit."""
