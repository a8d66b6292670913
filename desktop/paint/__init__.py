"""The painting core: documents, layers, strokes, tools and files. No widget and no network in it."""
