"""The dialog of what is exported of a preview beyond itself."""
