"""The files of a data set: folders, names, zip files, and the trainer's own store of pairs."""
