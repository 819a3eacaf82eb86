"""Files to take away: one report per module."""
