"""Data with a source and a date per row. No logic beyond look-ups."""
