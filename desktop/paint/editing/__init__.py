"""The document: every edit is one undoable step."""
