"""What knows nothing of pictures: observable state, tasks, settings, folders, theme."""
