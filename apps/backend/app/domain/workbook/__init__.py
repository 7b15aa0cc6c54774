"""Workbooks of five kinds, read into one model."""
