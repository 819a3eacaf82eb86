"""What becomes of personal tokens, for whoever keeps a record of it."""

from django.dispatch import Signal

token_made = Signal()
"""token: PersonalToken"""
token_ended = Signal()
"""token: PersonalToken, by: User"""
