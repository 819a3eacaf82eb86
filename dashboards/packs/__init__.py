"""The monthly pack: what it says, where that is read, and how it is written down.

`content` holds all that a pack says, `reading` finds it out, `pdf` and `pptx` write it.
"""
