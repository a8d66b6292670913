"""The machine a training runs on, and what can go wrong there."""
