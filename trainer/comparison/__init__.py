"""Several models judged by the same pairs, and which of them is best at what."""
