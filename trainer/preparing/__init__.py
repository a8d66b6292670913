"""From a folder of photos to one that can be trained on: things cut out, centred, the odd ones left out."""
