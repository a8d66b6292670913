"""Training, in a process of its own: it imports the engine, and never Qt."""
