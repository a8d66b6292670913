"""First drafts of what is painted over photos: how they are asked for and declined."""
