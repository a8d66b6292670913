"""Pictures as the network sees them, and which parts of them have changed."""
