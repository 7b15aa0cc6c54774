"""Word templates in docxtpl's syntax: checked on upload, compiled once, rendered many times."""
