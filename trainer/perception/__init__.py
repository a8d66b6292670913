"""What a trained eye sees in a picture: edges, and features by which pictures are alike."""
