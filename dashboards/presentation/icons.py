"""Which icon stands for what, where more than one page needs to know."""

from __future__ import annotations

from metrics.choices import Category
from projects.choices import SubjectKind

CATEGORY_ICONS = {
    Category.TACTICAL: "speedometer2",
    Category.VALUE_CREATION: "gem",
    Category.LONGEVITY: "tree",
    Category.FINANCIAL: "cash-stack",
}

KIND_ICONS = {
    SubjectKind.ORGANISATION: "diagram-3",
    SubjectKind.PORTFOLIO: "collection",
    SubjectKind.PROJECT: "kanban",
    SubjectKind.SEGMENT: "people",
    SubjectKind.CUSTOMER: "person-circle",
    SubjectKind.SERVICE: "box-seam",
    SubjectKind.ENGAGEMENT: "link-45deg",
}
