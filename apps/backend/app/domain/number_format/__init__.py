"""Number formats: what Excel shows for a value (ECMA-376 part 1, 18.8.31)."""
