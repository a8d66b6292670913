"""From a data set and a few wishes to a complete config, and what it will take."""
