"""Files on the disk, whatever is in them: written in one step, locked, told from others."""
