"""The open pictures, their journals, and the stroke that is being drawn."""
