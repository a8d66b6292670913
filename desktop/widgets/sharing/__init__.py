"""The card of a model, edited; its terms, shown before it is used first; a shared folder of models."""
