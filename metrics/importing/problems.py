"""What is wrong with a file as a whole."""

from __future__ import annotations


class FileProblem(ValueError):
    """A file that is not taken; the message says why, and what would be."""
