"""From a folder of photos to one that can be trained on: objects cut out, centred, the odd ones left out."""
