"""Templates that take other documents in, by name."""
