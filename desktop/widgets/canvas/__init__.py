"""The picture and its preview, drawn on and looked at."""
