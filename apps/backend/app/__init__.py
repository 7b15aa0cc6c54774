"""Excel2Doc: workbooks in, Word documents out."""

__version__ = "0.1.0"
