"""The way of a drawing: kept while it is drawn, and made into a film."""
