"""The training on show, and what is known of others."""
