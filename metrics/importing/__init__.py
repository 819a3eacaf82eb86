"""Files with values as people have them: read safely, mapped, and turned into single values."""
