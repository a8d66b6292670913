"""Where networks run."""
