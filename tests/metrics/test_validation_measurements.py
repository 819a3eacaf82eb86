"""What a measurement obeys, as a form, an import and a workspace ask it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from metrics.models import Measurement
from metrics.periods import parse_period
from metrics.validation.dependence import (
    refuse_change_of_subject,
    stored_rules,
    stored_subjects,
)
from metrics.validation.facts import MetricFacts, SubjectFacts
from metrics.validation.measurements import MeasurementRules, check_measurement, overlaps
from projects.models import Organisation, Project
from projects.months import BEGINNING, LAST_MONTH, Month
from tests.factories import (
    EngagementFactory,
    MeasurementFactory,
    MetricFactory,
    MonthClosingFactory,
    OrganisationFactory,
    ProjectFactory,
    SegmentFactory,
)

TODAY = date(2026, 11, 15)
MARCH, AUGUST = Month.parse("2026-03"), Month.parse("2026-08")

METRICS = {
    metric.code: metric
    for metric in (
        MetricFacts("adoption", "project", "month"),
        MetricFacts("effort", "project", "week"),
        MetricFacts("cost", "project", "year"),
        MetricFacts("output", "project", "month", "adoption * 2"),
        MetricFacts("nps", "customer", "quarter"),
    )
}
SUBJECTS = {
    subject.code: subject
    for subject in (
        SubjectFacts("CHAT", "project", MARCH, AUGUST),
        SubjectFacts("BOOK", "project"),
        SubjectFacts("NEVER", "project", AUGUST, MARCH),
        SubjectFacts("ACME", "customer"),
    )
}


def rules(**fields: Any) -> MeasurementRules:
    return MeasurementRules(metrics=METRICS, subjects=SUBJECTS, today=TODAY, **fields)


def told(*texts: str, **fields: Any) -> list[tuple[str, str, str]]:
    return [
        (problem.column, problem.code, str(problem)) for problem in rules(**fields).problems(*texts)
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ("adoption", "CHAT", "2026-03", "1"),
        ("adoption", "CHAT", "2026-08", "-0.5"),
        ("adoption", "BOOK", "2026-11", "1e-05"),
        ("effort", "CHAT", "2026-02-23", "1"),  # from Monday in February to Sunday in March
        ("effort", "CHAT", "2026-W36", "1"),  # from Monday in August to Sunday in September
        ("cost", "CHAT", "2026", "1"),
        ("nps", "ACME", "2026-Q4", "1"),
    ],
)
def test_what_fits_has_no_problem(texts: tuple[str, ...]) -> None:
    assert told(*texts) == []


@pytest.mark.parametrize(
    ("texts", "column", "code", "sentence"),
    [
        (
            ("adoption", "CHAT", "2026-03", "1,5"),
            "value",
            "number",
            '"1,5" is not a number; write it like 1234.5 or 1e-05.',
        ),
        (
            ("adoption", "CHAT", "2026-03-01", "1"),
            "period",
            "period",
            '"2026-03-01" is not a month such as 2026-03.',
        ),
        (
            ("adoption", "CHAT", "2026-02", "1"),
            "period",
            "span",
            "2026-02 lies outside the span of CHAT, measured from 2026-03 to 2026-08.",
        ),
        (
            ("effort", "CHAT", "2026-W09", "x"),
            "value",
            "number",
            '"x" is not a number; write it like 1234.5 or 1e-05.',
        ),
        (
            ("adoption", "NEVER", "2026-05", "1"),
            "period",
            "span",
            "2026-05 does not fit: NEVER is never measured, because its span lies outside the"
            " organisation's.",
        ),
        (
            ("adoption", "BOOK", "2026-12", "1"),
            "period",
            "future",
            "2026-12 has not begun; the latest month that has is 2026-11.",
        ),
        (
            ("effort", "BOOK", "2026-11-16", "1"),
            "period",
            "future",
            "2026-W47 has not begun; the latest week that has is 2026-W46.",
        ),
        (
            ("adoptoin", "CHAT", "2026-03", "1"),
            "metric",
            "unknown",
            '"adoptoin" is no metric; did you mean adoption?',
        ),
        (
            ("adoption", "CHATT", "2026-03", "1"),
            "subject",
            "unknown",
            '"CHATT" is no project; did you mean CHAT?',
        ),
        (
            ("adoption", "ACME", "2026-03", "1"),
            "subject",
            "kind",
            "adoption is measured of each project, and ACME is a customer.",
        ),
        (
            ("output", "CHAT", "2026-03", "1"),
            "metric",
            "computed",
            "output is computed by its formula and takes no values; give values of its inputs.",
        ),
    ],
)
def test_what_does_not_fit_is_told_by_column(
    texts: tuple[str, ...], column: str, code: str, sentence: str
) -> None:
    assert told(*texts) == [(column, code, sentence)]


def test_everything_that_is_wrong_is_told() -> None:
    assert [problem[:2] for problem in told("x", "y", "2026-03", "z")] == [
        ("metric", "unknown"),
        ("subject", "unknown"),
        ("value", "number"),
    ]
    assert [problem[:2] for problem in told("output", "ACME", "2027-01", "")] == [
        ("metric", "computed"),
        ("subject", "kind"),
        ("period", "future"),
        ("value", "number"),
    ]


def test_a_person_writes_numbers_with_their_own_decimal_sign() -> None:
    assert told("adoption", "CHAT", "2026-03", "1,5", decimal_sign=",") == []
    assert told("adoption", "CHAT", "2026-03", "1.5", decimal_sign=",") == [
        ("value", "number", '"1.5" is not a number; write it like 1234,5 or 1e-05.')
    ]


def test_quarters_and_years_follow_the_fiscal_year() -> None:
    assert told("nps", "ACME", "2026-Q3", "1", fiscal_year_starts_in=4) == []
    assert told("nps", "ACME", "2026-Q4", "1", fiscal_year_starts_in=4)[0][2] == (
        "2026-Q4 has not begun; the latest quarter that has is 2026-Q3."
    )


def test_a_change_in_a_closed_month_is_refused_and_no_change_is_none() -> None:
    closed = rules(closed={MARCH})
    march, april = parse_period("2026-03", "month"), parse_period("2026-04", "month")

    closed.refuse_change(march, (1.0, ""), (1.0, ""))
    closed.refuse_change(april, (1.0, ""), (2.0, ""))
    for after, wanted in (
        ((2.5, ""), "2.5 was to replace it"),
        ((1.0, "typo"), "only its note was to change"),
        (None, "it was to be deleted"),
    ):
        with pytest.raises(ValidationError) as refusal:
            closed.refuse_change(march, (1.0, ""), after)
        assert refusal.value.messages == [
            f"2026-03 is closed and its value stays 1 ({wanted}); a PMO lead can reopen the month."
        ]
    assert closed.is_late(march)
    assert not closed.is_late(april)


@pytest.mark.parametrize(
    ("cadence", "text", "fits"),
    [
        ("day", "2026-02-28", False),
        ("day", "2026-03-01", True),
        ("day", "2026-08-31", True),
        ("day", "2026-09-01", False),
        ("week", "2026-W08", False),
        ("week", "2026-W09", True),
        ("week", "2026-W36", True),
        ("week", "2026-W37", False),
        ("quarter", "2025-Q4", False),
        ("quarter", "2026-Q1", True),
        ("quarter", "2026-Q3", True),
        ("quarter", "2026-Q4", False),
        ("year", "2025", False),
        ("year", "2026", True),
    ],
)
def test_a_period_overlaps_a_span_or_not(cadence: str, text: str, fits: bool) -> None:
    assert overlaps(SUBJECTS["CHAT"], parse_period(text, cadence)) is fits


@pytest.mark.django_db
def test_spans_are_read_with_those_that_bound_them() -> None:
    OrganisationFactory(active_from=MARCH)
    project = ProjectFactory(code="P", active_until=AUGUST)
    EngagementFactory(project=project, segment=SegmentFactory(code="S", active_from=AUGUST))

    assert {
        code: (subject.kind, subject.first, subject.last)
        for code, subject in stored_subjects().items()
        if subject.kind != "portfolio"
    } == {
        "ORG": ("organisation", MARCH, LAST_MONTH),
        "P": ("project", MARCH, AUGUST),
        "P@S": ("engagement", MARCH, AUGUST),
        "S": ("segment", AUGUST, LAST_MONTH),
    }
    assert list(stored_subjects([project.pk])) == ["P"]


@pytest.mark.django_db
def test_without_an_organisation_nothing_is_bounded() -> None:
    ProjectFactory(code="P")

    subject = stored_subjects()["P"]
    assert (subject.first, subject.last) == (BEGINNING, LAST_MONTH)


def check(measurement: Measurement, value: float, period: str = "2026-03", **fields: Any) -> Any:
    """What a form hears when it asks about a value of the measurement's metric and subject."""
    metric, subject = measurement.metric, measurement.subject
    try:
        check_measurement(
            metric=metric,
            subject=subject,
            period=parse_period(period, fields.pop("cadence", metric.cadence)),
            value=value,
            rules=stored_rules(metrics=[metric], subjects=[subject], today=TODAY),
            **{"existing": measurement, **fields},
        )
    except ValidationError as error:
        return error.message_dict
    return None


@pytest.mark.django_db
def test_objects_in_hand_are_checked_by_the_same_rules() -> None:
    metric = MetricFactory(code="m")
    measurement = MeasurementFactory(
        metric=metric, subject=ProjectFactory(code="P", active_until=AUGUST).subject_ptr
    )

    assert check(measurement, 51) is None
    assert check(measurement, float("nan")) == {
        "value": ['"nan" is not a number; write it like 1234.5 or 1e-05.']
    }
    assert check(measurement, 1, "2026-09", existing=None) == {
        "period": ["2026-09 lies outside the span of P, measured to 2026-08."]
    }
    assert check(measurement, 1, "2026-12", existing=None) == {
        "period": ["2026-12 has not begun; the latest month that has is 2026-11."]
    }
    assert check(measurement, 1, "2026", existing=None, cadence="year") == {
        "period": ['"2026" is not a month such as 2026-03.']
    }
    metric.formula = "n"
    assert check(measurement, 1, existing=None) == {
        "metric": ["m is computed by its formula and takes no values; give values of its inputs."]
    }


@pytest.mark.django_db
def test_a_stored_value_of_a_closed_month_is_not_changed() -> None:
    measurement = MeasurementFactory(value=50)
    MonthClosingFactory()

    assert check(measurement, 50) is None
    assert check(measurement, 60) == {
        "period": [
            "2026-03 is closed and its value stays 50 (60 was to replace it); a PMO lead can reopen"
            " the month."
        ]
    }
    assert check(measurement, 60, "2026-02", existing=None) is None


def change(subject: Any, **fields: Any) -> list[str]:
    """What stands against a change of a stored subject."""
    before = type(subject).objects.get(pk=subject.pk)
    for name, value in fields.items():
        setattr(subject, name, value)
    try:
        refuse_change_of_subject(subject, before)
    except ValidationError as error:
        return error.messages
    return []


@pytest.mark.django_db
def test_a_span_goes_on_holding_the_values_of_its_subject() -> None:
    project = ProjectFactory(code="P")
    MeasurementFactory(subject=project.subject_ptr, period="2026-03")
    MeasurementFactory(subject=project.subject_ptr, period="2026-05")
    sentence = "delete such values first, or keep their periods in the span."

    assert change(project, active_from=MARCH, active_until=Month.parse("2026-05")) == []
    assert change(project, active_until=Month.parse("2026-04"), active_from=None) == [
        f"A value of 2026-05 lies outside the span of P, measured to 2026-04; {sentence}"
    ]
    assert change(project, active_from=Month.parse("2026-04"), active_until=None) == [
        f"A value of 2026-03 lies outside the span of P, measured from 2026-04; {sentence}"
    ]
    refuse_change_of_subject(ProjectFactory.build(code="NEW"), None)


@pytest.mark.django_db
def test_a_projects_span_goes_on_holding_the_values_of_its_engagements() -> None:
    engagement = EngagementFactory(project=ProjectFactory(code="P"), segment__code="S")
    MeasurementFactory(
        metric=MetricFactory(subject_kind="engagement"), subject=engagement.subject_ptr
    )

    project = Project.objects.get(code="P")
    assert change(project, active_until=Month.parse("2026-02")) == [
        "A value of 2026-03 lies outside the span of P@S, measured to 2026-02; delete such values"
        " first, or keep their periods in the span."
    ]


@pytest.mark.django_db
def test_the_organisations_span_goes_on_holding_everybodys_values() -> None:
    organisation = OrganisationFactory()
    MeasurementFactory(subject=ProjectFactory(code="P").subject_ptr)

    assert change(organisation, active_from=Month.parse("2026-04")) == [
        "A value of 2026-03 lies outside the span of P, measured from 2026-04; delete such values"
        " first, or keep their periods in the span."
    ]


@pytest.mark.django_db
def test_a_fiscal_year_stays_while_quarters_or_years_have_values() -> None:
    organisation = OrganisationFactory()
    MeasurementFactory()
    assert change(organisation, fiscal_year_starts_in=4) == []

    MeasurementFactory(metric=MetricFactory(cadence="quarter"), period="2026-Q1")
    organisation = Organisation.objects.get()
    assert change(organisation, fiscal_year_starts_in=4) == [
        "There are values of quarters or years, so the fiscal year goes on starting in month 1; it"
        " can change to 4 only before the first such value."
    ]
    assert change(Organisation.objects.get(), name="Another") == []
