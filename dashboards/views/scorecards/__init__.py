"""Scorecards: what is rewarded, and the desk where that is decided."""
