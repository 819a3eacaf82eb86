"""Codes: the short names by which people, files and programs call a subject."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.validation import quoted

CODE_LENGTH = 64
ENGAGEMENT_CODE_LENGTH = 2 * CODE_LENGTH + 1
NAME_LENGTH = 255

CODE_PATTERN = r"\A[A-Za-z0-9_.-]+\Z"
ENGAGEMENT_CODE_PATTERN = r"\A[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+\Z"

CODE_RULE = gettext_lazy("letters, digits, _, - and . only, at most 64 characters")

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def validate_code(text: str) -> None:
    if not _CODE.fullmatch(text):
        raise ValidationError(
            _("%(text)s is no code; it has %(code_rule)s.")
            % {"text": quoted(text), "code_rule": CODE_RULE},
            code="code",
        )


def engagement_code(project_code: str, segment_code: str) -> str:
    """The code of the engagement that one project has for one segment."""
    return f"{project_code}@{segment_code}"
