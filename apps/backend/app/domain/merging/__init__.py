"""The documents of a conversion as one."""
