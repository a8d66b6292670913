"""Everything with a face: widgets show the session's state and hand the user's actions to it."""
