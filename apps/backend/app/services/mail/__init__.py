"""A job's documents by e-mail, each to the address in its row, at most once."""
