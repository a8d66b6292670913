"""From a data set and a few options to a complete config, and what it will take."""
