"""Conversions that run by themselves: kept, begun when they are due, followed to their end."""
