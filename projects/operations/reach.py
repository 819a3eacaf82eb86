"""Whom a change of a subject reaches: what it counts in, and what counts through it.

Asked of the database before a change and after it, the two answers together are all whose scores
may move: a project that changes its portfolio concerns the old one as much as the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from projects.choices import SubjectKind
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Subject,
)


def reach_of(subject: Subject) -> set[int]:
    """The keys of the subject, its engagements and everything that it counts in, as stored."""
    if subject.kind == SubjectKind.ORGANISATION:
        # Its span bounds everybody's.
        return set(Subject.objects.values_list("pk", flat=True))
    return {subject.pk} | _around(subject) | organisation_ids()


def organisation_ids() -> set[int]:
    return set(Organisation.objects.values_list("pk", flat=True))


def with_portfolios_above(portfolio_ids: Iterable[int]) -> set[int]:
    """These portfolios and every one that they lie in."""
    return with_all_above(portfolio_ids, dict(Portfolio.objects.values_list("pk", "parent_id")))


def with_all_above(portfolio_ids: Iterable[int], parents: Mapping[int, int | None]) -> set[int]:
    """The same in a tree that is told: each portfolio's parent."""
    reached: set[int] = set()
    for portfolio in portfolio_ids:
        step: int | None = portfolio
        while step is not None and step not in reached:
            reached.add(step)
            step = parents.get(step)
    return reached


def _around(subject: Subject) -> set[int]:
    key = subject.pk
    match SubjectKind(subject.kind):
        case SubjectKind.PROJECT:
            links = Engagement.objects.filter(project=key).values_list("pk", "segment_id")
            portfolios = Project.objects.filter(pk=key).values_list("portfolio_id", flat=True)
            return {pk for link in links for pk in link} | with_portfolios_above(portfolios)
        case SubjectKind.ENGAGEMENT:
            ends = Engagement.objects.filter(pk=key).values_list(
                "project_id", "segment_id", "project__portfolio_id"
            )
            return {
                pk
                for project, segment, portfolio in ends
                for pk in (project, segment, *with_portfolios_above([portfolio]))
            }
        case SubjectKind.PORTFOLIO:
            return with_portfolios_above([key])
        case SubjectKind.CUSTOMER:
            return set(Customer.objects.filter(pk=key).values_list("segment_id", flat=True))
        case SubjectKind.SERVICE:
            return set(Offer.objects.filter(service=key).values_list("segment_id", flat=True))
    return set()
