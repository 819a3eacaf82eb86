"""What happens to subjects, told to whoever keeps something about them."""

from __future__ import annotations

from django.dispatch import Signal

subjects_changed = Signal()
"""Weights, spans or links of subjects have changed; sent in the transaction of the change.

`subject_ids`: the subjects themselves, with all that they count in now or counted in before.
"""

subject_saving = Signal()
"""A subject is about to be saved: `subject` as it will be, `before` as it is stored or None.

A receiver that can't live with the change raises ValidationError.
"""

subject_deleting = Signal()
"""Subjects are about to be deleted: `subjects`, the first of them on request, the rest with it.

A receiver that can't do without one of them raises ValidationError.
"""
