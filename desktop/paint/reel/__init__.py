"""The way of a drawing: every step of it, kept small, from which its pictures come back in their order."""
