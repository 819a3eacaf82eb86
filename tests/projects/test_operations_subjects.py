"""Saving and deleting subjects: what is written, what falls due, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from projects.models import SUBJECT_MODELS, Engagement, Portfolio, Project, Segment, Subject
from projects.months import Month
from projects.operations.subjects import delete_subject, save_subject
from projects.signals import subjects_changed
from tests.factories import (
    CustomerFactory,
    EngagementFactory,
    OfferFactory,
    OrganisationFactory,
    PortfolioFactory,
    ProjectFactory,
    SegmentFactory,
    ServiceFactory,
)
from tests.tables import table, told, waiting, waiting_from

pytestmark = pytest.mark.django_db

ABOVE_THE_PROJECT = {"ORG", "P", "P@S1", "S1", "SUB", "TOP"}
EVERYBODY = ABOVE_THE_PROJECT | {"OTHER", "S2", "C", "V"}


@pytest.fixture
def house() -> None:
    """A project in a portfolio within a portfolio, serving one of two segments."""
    OrganisationFactory()
    below = PortfolioFactory(code="SUB", parent=PortfolioFactory(code="TOP"))
    PortfolioFactory(code="OTHER")
    segment = SegmentFactory(code="S1")
    SegmentFactory(code="S2")
    EngagementFactory(project=ProjectFactory(code="P", portfolio=below), segment=segment)
    CustomerFactory(code="C", segment=segment)
    OfferFactory(service=ServiceFactory(code="V"), segment=segment)


def get(code: str) -> Any:
    subject = Subject.objects.get(code=code)
    return SUBJECT_MODELS[subject.kind].objects.get(pk=subject.pk)


@pytest.mark.parametrize(
    ("code", "field", "value", "expected"),
    [
        ("P", "weight", 2.0, ABOVE_THE_PROJECT),
        ("P", "active_from", Month.parse("2026-02"), ABOVE_THE_PROJECT),
        ("P", "active_until", Month.parse("2026-05"), ABOVE_THE_PROJECT),
        ("P", "portfolio", "OTHER", ABOVE_THE_PROJECT | {"OTHER"}),
        ("P", "name", "Another name", set()),
        ("P", "code", "P-2", set()),
        ("P", "budget", 1000, set()),
        ("P", "stage", "closed", set()),
        ("P@S1", "share", 0.5, ABOVE_THE_PROJECT),
        ("SUB", "parent", "OTHER", {"ORG", "SUB", "TOP", "OTHER"}),
        ("SUB", "parent", None, {"ORG", "SUB", "TOP"}),
        ("SUB", "active_from", Month.parse("2026-02"), {"ORG", "SUB", "TOP"}),
        ("SUB", "description", "About it", set()),
        ("S1", "weight", 2.0, {"ORG", "S1"}),
        ("S1", "active_until", Month.parse("2026-02"), {"ORG", "S1"}),
        ("S1", "customer_count", 12, set()),
        ("C", "segment", "S2", {"ORG", "C", "S1", "S2"}),
        ("C", "weight", 0.0, {"ORG", "C", "S1"}),
        ("C", "renewal_on", "2027-01-01", set()),
        ("V", "active_until", Month.parse("2026-02"), {"ORG", "V", "S1"}),
        ("V", "owner", "Somebody", set()),
        ("ORG", "active_from", Month.parse("2025-01"), EVERYBODY),
        ("ORG", "name", "Another name", set()),
    ],
)
@pytest.mark.usefixtures("house")
def test_what_falls_due_when_a_subject_changes(
    code: str, field: str, value: Any, expected: set[str], pmo_lead: User
) -> None:
    subject = get(code)
    is_subject = field in ("portfolio", "parent", "segment") and value is not None
    setattr(subject, field, get(value) if is_subject else value)
    save_subject(subject, by=pmo_lead)
    assert waiting() == expected
    assert {month for _, month in waiting_from()} <= {"0001-01"}  # from the first open month on


@pytest.mark.usefixtures("house")
def test_a_new_project_falls_due_with_all_it_counts_in(pmo_lead: User) -> None:
    save_subject(Project(code="N", name="New", portfolio=get("SUB")), by=pmo_lead)
    assert table(Project, "code", "name", "kind", "portfolio__code", "weight") == [
        ("N", "New", "project", "SUB", 1.0),
        ("P", "Project P", "project", "SUB", 1.0),
    ]
    assert waiting() == {"N", "SUB", "TOP", "ORG"}


@pytest.mark.usefixtures("house")
def test_history_keeps_who_changed_what_and_why(pmo_lead: User) -> None:
    project = get("P")
    project.weight = 3
    save_subject(project, by=pmo_lead, reason="it grew")
    columns = ("weight", "history_type", "history_user__username", "history_change_reason")
    assert table(project.history.all(), *columns) == [
        (1.0, "+", None, None),
        (3.0, "~", "pmo_lead", "it grew"),
    ]


@pytest.mark.usefixtures("house")
def test_saving_a_subject_as_it_is_leaves_no_trace(pmo_lead: User) -> None:
    save_subject(get("P"), by=pmo_lead)
    assert get("P").history.count() == 1
    assert waiting() == set()


@pytest.mark.parametrize(
    ("code", "changes", "engagement"),
    [
        ("P", {"code": "Q"}, ("Q@S1", "Project P for Segment S1")),
        ("S1", {"code": "T"}, ("P@T", "Project P for Segment S1")),
        ("P", {"name": "Apollo"}, ("P@S1", "Apollo for Segment S1")),
        ("S1", {"name": "x" * 255}, ("P@S1", f"Project P for {'x' * 240}…")),
    ],
)
@pytest.mark.usefixtures("house")
def test_an_engagement_keeps_in_step_with_its_ends(
    code: str, changes: dict[str, str], engagement: tuple[str, str], pmo_lead: User
) -> None:
    subject = get(code)
    for field, value in changes.items():
        setattr(subject, field, value)
    save_subject(subject, by=pmo_lead)
    assert table(Engagement, "code", "name") == [engagement]
    record = Engagement.objects.get().history.first()
    assert (record.history_user, record.history_change_reason) == (
        pmo_lead,
        f"{subject.code} was renamed",
    )


@pytest.mark.parametrize(
    ("code", "changes", "sentence"),
    [
        ("P", {"code": "TOP"}, "Subject with this Code already exists."),
        ("P", {"name": ""}, "This field cannot be blank."),
        (
            "P",
            {"currency": "eur"},
            '"eur" is no currency; it is three capital letters, such as EUR.',
        ),
        (
            "P",
            {"active_from": Month.parse("2026-03"), "active_until": Month.parse("2026-02")},
            "It ends in 2026-02, before it begins in 2026-03; end it in 2026-03 or later.",
        ),
    ],
)
@pytest.mark.usefixtures("house")
def test_what_does_not_fit_is_refused(
    code: str, changes: dict[str, Any], sentence: str, pmo_lead: User
) -> None:
    subject = get(code)
    for field, value in changes.items():
        setattr(subject, field, value)
    with pytest.raises(ValidationError) as refusal:
        save_subject(subject, by=pmo_lead)
    assert sentence in told(refusal)
    assert waiting() == set()
    assert table(Project, "code", "name", "currency") == [("P", "Project P", "")]


@pytest.mark.usefixtures("house")
def test_portfolios_make_no_circle(pmo_lead: User) -> None:
    top = get("TOP")
    top.parent = get("SUB")
    with pytest.raises(ValidationError) as refusal:
        save_subject(top, by=pmo_lead)
    assert told(refusal) == [
        "The portfolios go in a circle: TOP in SUB in TOP; one of them needs another parent"
        " or none."
    ]


@pytest.mark.usefixtures("house")
def test_an_engagement_stays_between_its_ends(pmo_lead: User) -> None:
    engagement = get("P@S1")
    engagement.segment = get("S2")
    with pytest.raises(ValidationError) as refusal:
        save_subject(engagement, by=pmo_lead)
    assert told(refusal) == [
        "P@S1 stays between its project and its segment. Remove this link and make another."
    ]


@pytest.mark.usefixtures("house")
def test_a_subject_that_somebody_deleted_meanwhile_does_not_come_back(pmo_lead: User) -> None:
    service, same = get("V"), get("V")
    service.offers.all().delete()
    delete_subject(same, by=pmo_lead)
    service.owner = "Somebody"
    with pytest.raises(ValidationError) as refusal:
        save_subject(service, by=pmo_lead)
    assert told(refusal) == ["Service V (V) was deleted meanwhile."]


@pytest.fixture
def broken_receiver() -> Iterator[None]:
    def fail(**_: Any) -> None:
        raise RuntimeError("a receiver failed")

    subjects_changed.connect(fail)
    yield
    subjects_changed.disconnect(fail)


@pytest.mark.usefixtures("house", "broken_receiver")
def test_a_change_whose_scores_can_not_fall_due_is_not_made(pmo_lead: User) -> None:
    project = get("P")
    project.weight = 5
    with pytest.raises(RuntimeError):
        save_subject(project, by=pmo_lead)
    with pytest.raises(RuntimeError):
        delete_subject(get("C"), by=pmo_lead)
    assert table(Project, "code", "weight") == [("P", 1.0)]
    assert get("P").history.count() == 1
    assert get("C").history.count() == 1


@pytest.mark.parametrize(
    ("code", "gone", "due"),
    [
        ("P", {"P", "P@S1"}, {"ORG", "S1", "SUB", "TOP"}),
        ("P@S1", {"P@S1"}, {"ORG", "P", "S1", "SUB", "TOP"}),
        ("C", {"C"}, {"ORG", "S1"}),
        ("V", {"V"}, {"ORG", "S1"}),
        ("OTHER", {"OTHER"}, {"ORG"}),
        ("S2", {"S2"}, {"ORG"}),
    ],
)
@pytest.mark.usefixtures("house")
def test_deleting_a_subject_takes_its_links_along(
    code: str, gone: set[str], due: set[str], pmo_lead: User
) -> None:
    before = set(Subject.objects.values_list("code", flat=True))
    model = type(get(code))
    delete_subject(Subject.objects.get(code=code), by=pmo_lead)
    assert before - set(Subject.objects.values_list("code", flat=True)) == gone
    assert waiting() == due
    record = model.history.filter(history_type="-").get()
    assert (record.code, record.history_user) == (code, pmo_lead)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "ORG",
            "The organisation (ORG) can't be deleted: everything belongs to it."
            " Give it another code and name.",
        ),
        (
            "SUB",
            "Portfolio SUB (SUB) can't be deleted: there is 1 project of it."
            " Delete or move these first.",
        ),
        (
            "TOP",
            "Portfolio TOP (TOP) can't be deleted: there is 1 portfolio of it."
            " Delete or move these first.",
        ),
        (
            "S1",
            "Segment S1 (S1) can't be deleted: there are 1 customer and 1 engagement and 1 offer"
            " of it. Delete or move these first.",
        ),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_subject_that_others_stand_on_is_not_deleted(
    code: str, sentence: str, pmo_lead: User
) -> None:
    with pytest.raises(ValidationError) as refusal:
        delete_subject(get(code), by=pmo_lead)
    assert told(refusal) == [sentence]
    assert set(Subject.objects.values_list("code", flat=True)) == EVERYBODY
    assert waiting() == set()


def test_the_same_code_at_the_same_moment_is_told_like_any_other(
    pmo_lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's portfolio comes in between the check and the save."""
    check = Portfolio.full_clean

    def be_overtaken(portfolio: Portfolio, *args: Any, **kwargs: Any) -> None:
        check(portfolio, *args, **kwargs)
        monkeypatch.setattr(Portfolio, "full_clean", check)
        PortfolioFactory(code="NEW")

    monkeypatch.setattr(Portfolio, "full_clean", be_overtaken)
    with pytest.raises(ValidationError) as refusal:
        save_subject(Portfolio(code="NEW", name="New"), by=pmo_lead)
    assert told(refusal) == ["Subject with this Code already exists."]


def test_segments_and_other_kinds_get_their_kind(pmo_lead: User) -> None:
    save_subject(Segment(code="N", name="New"), by=pmo_lead)
    assert table(Subject, "code", "kind") == [("N", "segment")]
