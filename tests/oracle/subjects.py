"""Who is measured: subjects, their spans, scorecards and children (sections 1 and 4)."""

from dataclasses import dataclass
from datetime import date

from .periods import Period, first_day_of, last_day_of, month_number
from .workspace import Row, Workspace, cell, number, rows

FILE_OF_KIND = {
    "organisation": "organisation",
    "portfolio": "portfolios",
    "segment": "segments",
    "customer": "customers",
    "service": "services",
    "project": "projects",
}
KINDS = [*FILE_OF_KIND, "engagement"]
# The groups that a kind of subject can have, in the order of section 4's table.
GROUPS_OF_KIND = {
    "organisation": ["own", "projects", "segments"],
    "portfolio": ["own", "projects"],
    "segment": ["own", "engagements", "projects", "services", "customers"],
    "customer": ["own"],
    "service": ["own"],
    "project": ["own", "engagements"],
    "engagement": ["own"],
}
EARLIEST, LATEST = -1, 10**6

Span = tuple[int, int]


@dataclass(frozen=True)
class Subject:
    code: str
    kind: str
    own_span: Span
    scorecard: str


@dataclass(frozen=True)
class Child:
    code: str
    weight: float


class Subjects:
    """All subjects of a workspace, and who counts for whom with which weight."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.by_code: dict[str, Subject] = {}
        for kind, file in FILE_OF_KIND.items():
            for row in rows(workspace, file):
                self._add(cell(row, "code"), kind, span_of(row), cell(row, "scorecard"))
        organisations = [s.code for s in self.by_code.values() if s.kind == "organisation"]
        self.organisation = organisations[0] if organisations else "ORG"
        if not organisations:
            self._add(self.organisation, "organisation", (EARLIEST, LATEST), "")
        self.project_weight = {
            cell(row, "code"): number(row, "weight", 1.0) for row in rows(workspace, "projects")
        }
        for link in rows(workspace, "project_segments"):
            project = self.by_code[link["project"]]
            self._add(engagement_code(link), "engagement", project.own_span, "")
        self._portfolio_parent = {
            cell(row, "code"): cell(row, "parent") for row in rows(workspace, "portfolios")
        }
        self._children: dict[tuple[str, str], list[Child]] = {}

    def _add(self, code: str, kind: str, span: Span, scorecard: str) -> None:
        self.by_code[code] = Subject(code, kind, span, scorecard)

    def span(self, code: str) -> Span:
        """The months in which a subject is measured: its own, within the organisation's."""
        own, bound = self.by_code[code].own_span, self.by_code[self.organisation].own_span
        return max(own[0], bound[0]), min(own[1], bound[1])

    def children(self, code: str, group: str) -> list[Child]:
        """The children of a group, those of weight 0 left out."""
        if (code, group) not in self._children:
            found = {
                "engagements": self._engagements,
                "projects": self._projects,
                "services": self._services,
                "customers": self._customers,
                "segments": self._segments,
            }[group](self.by_code[code])
            self._children[code, group] = [child for child in found if child.weight > 0]
        return self._children[code, group]

    def _engagements(self, of: Subject) -> list[Child]:
        links = rows(self.workspace, "project_segments")
        if of.kind == "project":
            return [
                Child(engagement_code(link), number(link, "share", 1.0))
                for link in links
                if link["project"] == of.code
            ]
        return [
            Child(engagement_code(link), self._weight_in_segment(link))
            for link in links
            if link["segment"] == of.code
        ]

    def _projects(self, of: Subject) -> list[Child]:
        if of.kind == "segment":
            return [
                Child(link["project"], self._weight_in_segment(link))
                for link in rows(self.workspace, "project_segments")
                if link["segment"] == of.code
            ]
        return [
            Child(row["code"], self.project_weight[row["code"]])
            for row in rows(self.workspace, "projects")
            if of.kind == "organisation" or self._lies_in(row["portfolio"], of.code)
        ]

    def _weight_in_segment(self, link: Row) -> float:
        return self.project_weight[link["project"]] * number(link, "share", 1.0)

    def _lies_in(self, portfolio: str, ancestor: str) -> bool:
        while portfolio:
            if portfolio == ancestor:
                return True
            portfolio = self._portfolio_parent[portfolio]
        return False

    def _services(self, of: Subject) -> list[Child]:
        return [
            Child(offer["service"], number(offer, "weight", 1.0))
            for offer in rows(self.workspace, "service_segments")
            if offer["segment"] == of.code
        ]

    def _customers(self, of: Subject) -> list[Child]:
        return [
            Child(row["code"], number(row, "weight", 1.0))
            for row in rows(self.workspace, "customers")
            if row["segment"] == of.code
        ]

    def _segments(self, of: Subject) -> list[Child]:
        return [
            Child(row["code"], number(row, "weight", 1.0))
            for row in rows(self.workspace, "segments")
        ]


def overlaps(period: Period, span: Span) -> bool:
    """Whether some day of a period lies in the months of a span."""
    first = max(period.first_day, first_day_of(span[0]) if span[0] > EARLIEST else date.min)
    last = min(period.last_day, last_day_of(span[1]) if span[1] < LATEST else date.max)
    return first <= last


def engagement_code(link: Row) -> str:
    return f"{link['project']}@{link['segment']}"


def span_of(row: Row, first: str = "active_from", last: str = "active_until") -> Span:
    """Months inclusive; a blank end is open."""
    start, end = cell(row, first), cell(row, last)
    return (
        month_number(start) if start else EARLIEST,
        month_number(end) if end else LATEST,
    )
