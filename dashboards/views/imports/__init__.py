"""Importing: a file, what its columns mean, the check, the import, and its undoing."""
