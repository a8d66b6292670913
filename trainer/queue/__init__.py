"""A line of trainings: kept in a file, worked off one after the other, told of on a page."""
