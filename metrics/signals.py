"""What happens to months, told to whoever keeps something about them."""

from __future__ import annotations

from django.dispatch import Signal

months_closed = Signal()
"""Months have been closed; sent after the commit. `months`: which, the earliest first."""
