"""What is seen of pictures from elsewhere: the mark of a watch, choosing a region, cleaning a photo."""
