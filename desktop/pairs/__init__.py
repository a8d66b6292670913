"""Pairs for a training, made by painting."""
