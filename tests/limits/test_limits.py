"""Limits of people: who has one, what it takes from their roles, and when it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.deletion import ProtectedError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from metrics.choices import BatchMode, BatchState, RunTrigger
from metrics.models import ImportBatch, Measurement, Score
from metrics.operations.runs import score_now
from pmo_portal.limits import SightMiddleware
from pmo_portal.roles import WITHIN_LIMITS, Role, home_for
from projects.models import Engagement, Event, Portfolio, PortfolioLimit, Project, Segment, Subject
from projects.operations.limits import limit_person, save_limit
from projects.operations.subjects import delete_subject, save_subject
from projects.visibility import current_sight, seeing, seeing_everything, sight_of
from tests import factories
from tests.admin_pages import page, submit
from tests.api.conftest import Program
from tests.conftest import make_person
from tests.dashboards.reading import MARCH, MOST_QUERIES, keep_score, measured, read
from tests.importing import checked, stored

pytestmark = pytest.mark.django_db

ClientOf = Callable[[User], Client]
HEADER = "metric,subject,period,value"


@pytest.fixture
def tree() -> dict[str, Any]:
    """WHOLE > LEFT > LOW, and RIGHT beside LEFT; a project in each, P-WHOLE to P-RIGHT."""
    factories.OrganisationFactory(name="Meridian")
    found: dict[str, Any] = {}
    for code, parent in (("WHOLE", None), ("LEFT", "WHOLE"), ("LOW", "LEFT"), ("RIGHT", "WHOLE")):
        found[code] = factories.PortfolioFactory(
            code=code, name=f"Folio {code}", parent=found.get(parent or "")
        )
        found[f"P-{code}"] = factories.ProjectFactory(
            code=f"P-{code}", name=f"Work {code}", portfolio=found[code]
        )
    segment = factories.SegmentFactory(code="SEG", name="Bakeries")
    factories.SegmentFactory(code="ELSE", name="Shipyards")
    for code in ("LOW", "RIGHT"):
        found[f"E-{code}"] = factories.EngagementFactory(
            project=found[f"P-{code}"], segment=segment
        )
    factories.MetricFactory(code="speed")
    return found


def again(person: User) -> User:
    """As the next request loads them."""
    return User.objects.get(pk=person.pk)


def limit(person: User, *portfolios: Portfolio) -> User:
    limit_person(person, portfolios=portfolios, by=None)
    return again(person)


def scores() -> list[dict[str, Any]]:
    rows = list(Score.objects.order_by("subject", "month").values())
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def codes(rows: Any) -> list[str]:
    return list(rows.order_by("code").values_list("code", flat=True))


def test_a_limit_holds_what_lies_below_its_portfolios(tree: dict[str, Any], analyst: User) -> None:
    with seeing(limit(analyst, tree["LEFT"])):
        assert codes(Subject.objects.all()) == ["LEFT", "LOW", "P-LEFT", "P-LOW", "P-LOW@SEG"]
        assert codes(Portfolio.objects.all()) == ["LEFT", "LOW"]
        assert codes(Project.objects.all()) == ["P-LEFT", "P-LOW"]
        assert codes(Engagement.objects.all()) == ["P-LOW@SEG"]
        assert codes(Segment.objects.all()) == ["SEG"]  # an engagement's name tells it


def test_without_a_limit_everything_is_seen(tree: dict[str, Any], analyst: User) -> None:
    with seeing(analyst):
        assert Subject.objects.count() == Subject._base_manager.count()


def test_several_portfolios_add_up(tree: dict[str, Any], analyst: User) -> None:
    with seeing(limit(analyst, tree["LOW"], tree["RIGHT"])):
        assert codes(Project.objects.all()) == ["P-LOW", "P-RIGHT"]


def test_rows_about_subjects_are_those_of_what_is_seen(tree: dict[str, Any], analyst: User) -> None:
    for project in (tree["P-LOW"], tree["P-RIGHT"]):
        keep_score(project, 50.0)
        measured(project)
        factories.EventFactory(subject=project)
    with seeing(limit(analyst, tree["LEFT"])):
        for model in (Score, Measurement, Event):
            (row,) = model.objects.all()
            assert row.subject_id == tree["P-LOW"].pk


def test_what_counts_for_everybody_is_read_whole(tree: dict[str, Any], analyst: User) -> None:
    with seeing(limit(analyst, tree["LEFT"])):
        with seeing_everything():
            assert Project.objects.count() == 4
        assert Project.objects.count() == 2
    assert not current_sight().is_limited


def test_a_seen_row_can_be_locked_and_changed(tree: dict[str, Any], analyst: User) -> None:
    with seeing(limit(analyst, tree["LEFT"])):
        rows = Subject.objects.select_for_update(no_key=True).filter(kind="project")
        assert codes(rows) == ["P-LEFT", "P-LOW"]
        assert Project.objects.update(sponsor="Ada") == 2
    assert Project.objects.filter(sponsor="Ada").count() == 2


def test_a_portfolio_that_limits_somebody_can_not_be_deleted(
    tree: dict[str, Any], analyst: User
) -> None:
    alone = factories.PortfolioFactory(code="ALONE")
    limit(analyst, alone)
    with pytest.raises(ValidationError, match="there is 1 limit to a portfolio of it"):
        delete_subject(alone, by=None)
    with pytest.raises(ProtectedError):
        alone.delete()
    assert sight_of(again(analyst)).is_limited


def test_administrators_and_superusers_are_not_limited(
    tree: dict[str, Any], administrator: User
) -> None:
    boss = User.objects.create_superuser("boss")
    for person in (administrator, boss):
        with pytest.raises(ValidationError, match="administrators see everything"):
            limit_person(person, portfolios=[tree["LEFT"]], by=None)
    assert not PortfolioLimit.objects.exists()


def test_who_becomes_an_administrator_stays_limited_until_that_is_ended(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    limit(analyst, tree["LEFT"])
    analyst.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    analyst.is_staff = True
    analyst.save()
    assert client_of(analyst).get("/admin/").status_code in (302, 403)
    assert not again(analyst).has_perm("auth.change_user")
    assert client_of(analyst).get("/projects/P-RIGHT/").status_code == 404


def test_a_limit_is_kept_with_who_set_it(
    tree: dict[str, Any], analyst: User, administrator: User
) -> None:
    limit_person(analyst, portfolios=[tree["LEFT"]], by=administrator, reason="New in the team.")
    limit_person(analyst, portfolios=[tree["RIGHT"]], by=administrator)
    told = PortfolioLimit.history.order_by("history_id").values_list(
        "history_type", "portfolio__code", "history_user__username", "history_change_reason"
    )
    assert list(told) == [
        ("+", "LEFT", "administrator", "New in the team."),
        ("+", "RIGHT", "administrator", ""),
        ("-", "LEFT", "administrator", ""),
    ]


def test_the_same_portfolio_twice_is_told(tree: dict[str, Any], analyst: User) -> None:
    limit(analyst, tree["LEFT"])
    with pytest.raises(ValidationError, match="limited to this portfolio already"):
        save_limit(PortfolioLimit(user=analyst, portfolio=tree["LEFT"]), by=None)


def test_administrators_set_limits_on_the_admin_site(
    tree: dict[str, Any], analyst: User, administrator: User, client_of: ClientOf
) -> None:
    client = client_of(administrator)
    sent = submit(client, PortfolioLimit, user=analyst.pk, portfolio=tree["LEFT"].pk)
    assert sent.status_code == 302
    (row,) = PortfolioLimit.objects.all()
    assert row.history.get().history_user == administrator
    refused = submit(client, PortfolioLimit, user=administrator.pk, portfolio=tree["LEFT"].pk)
    assert "administrators see everything" in refused.content.decode()
    assert client.post(page(row, "delete"), {"post": "yes"}).status_code == 302
    assert not PortfolioLimit.objects.exists()


@pytest.mark.parametrize("role", list(Role))
def test_a_limit_leaves_of_a_role_what_fits_in_it(tree: dict[str, Any], role: Role) -> None:
    person = limit(make_person("somebody"), tree["LEFT"])
    person.groups.set(Group.objects.filter(name=role))
    whole = make_person("else", role)
    person = again(person)
    held = {perm for perm in whole.get_all_permissions() if person.has_perm(perm)}
    assert held == whole.get_all_permissions() & WITHIN_LIMITS
    assert not person.has_module_perms("auth")


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.EXECUTIVE, "portfolio_list"),
        (Role.PMO_LEAD, "portfolio_list"),
        (Role.ANALYST, "entry"),
    ],
)
def test_sign_in_leads_to_a_page_that_is_open(
    tree: dict[str, Any], client_of: ClientOf, role: Role, home: str
) -> None:
    measured(tree["P-LOW"])
    keep_score(tree["P-LOW"], 50.0)
    person = limit(make_person("somebody", role), tree["LEFT"])
    assert home_for(person) == home
    assert client_of(person).get("/", follow=True).status_code == 200


def test_pages_of_the_whole_are_closed_and_not_in_the_navigation(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    client = client_of(limit(analyst, tree["LEFT"]))
    shown = client.get("/projects/").content.decode()
    for path in (
        "/summary/",
        "/segments/",
        "/segments/SEG/",
        "/customers/",
        "/services/",
        "/compare/segments/",
        "/packs/",
        "/months/",
        "/runs/",
        "/subjects/",
        "/approvals/",
        "/assignments/",
    ):
        assert client.get(path).status_code == 403, path
        assert f'href="{path}"' not in shown, path
    assert client.get("/segments/NONE/").status_code == 403
    assert "Meridian" not in shown


def test_counts_do_not_count_what_is_hidden(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    for code in ("WHOLE", "LEFT", "LOW", "RIGHT"):
        keep_score(tree[f"P-{code}"], 50.0)
        keep_score(tree[code], 50.0)
        measured(tree[f"P-{code}"])
    client = client_of(limit(analyst, tree["LEFT"]))
    listed = read(client, f"/projects/?month={MARCH}")
    assert "2 projects" in listed.words
    assert "4 projects" not in listed.words
    shown = read(client, f"/portfolios/?month={MARCH}")
    assert "Folio LEFT" in shown.words
    assert "Folio WHOLE" not in shown.words
    assert read(client, "/metrics/speed/").response.status_code == 200


def test_the_way_up_ends_at_the_limit(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    keep_score(tree["P-LEFT"], 50.0)
    keep_score(tree["LEFT"], 50.0)
    measured(tree["P-LEFT"])
    client = client_of(limit(analyst, tree["LEFT"]))
    for path in ("/projects/P-LEFT/", "/portfolios/LEFT/", f"/explain/P-LEFT/{MARCH}/"):
        shown = read(client, f"{path}?month={MARCH}" if "explain" not in path else path)
        assert shown.response.status_code == 200
        assert "Folio WHOLE" not in shown.html
        assert "/portfolios/WHOLE/" not in shown.html
    low = read(client, f"/projects/P-LOW/?month={MARCH}").html
    assert "/portfolios/LEFT/" in low


def test_a_segment_is_named_and_not_linked(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    keep_score(tree["P-LOW"], 50.0)
    measured(tree["P-LOW"])
    client = client_of(limit(analyst, tree["LEFT"]))
    shown = read(client, f"/projects/P-LOW/?month={MARCH}")
    assert "Bakeries" in shown.words
    assert "/segments/" not in shown.html
    assert "Shipyards" not in read(client, f"/projects/?month={MARCH}").html


def test_a_changed_limit_holds_from_the_next_request_on(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    measured(tree["P-LOW"])
    client, program = client_of(analyst), Program(analyst)

    def answers() -> list[int]:
        return [
            client.get("/projects/P-RIGHT/").status_code,
            client.get("/projects/P-LOW/").status_code,
            program.get("subjects/P-RIGHT/").status_code,
            program.get("subjects/P-LOW/").status_code,
        ]

    assert answers() == [200, 200, 200, 200]
    limit(analyst, tree["LEFT"])
    assert answers() == [404, 200, 404, 200]
    limit(analyst, tree["RIGHT"])
    assert answers() == [200, 404, 200, 404]
    limit(analyst)
    assert answers() == [200, 200, 200, 200]


def test_a_project_that_moves_out_is_hidden(tree: dict[str, Any], analyst: User) -> None:
    limit(analyst, tree["LEFT"])
    project = tree["P-LOW"]
    project.portfolio = tree["RIGHT"]
    save_subject(project, by=None)
    with seeing(again(analyst)):
        assert codes(Subject.objects.all()) == ["LEFT", "LOW", "P-LEFT"]


def test_what_is_written_piece_by_piece_is_seen_by_the_same_eyes(
    tree: dict[str, Any], analyst: User
) -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            f"{row.code};" for part in range(2) for row in Project.objects.order_by("code")
        )

    request = RequestFactory().get("/")
    request.user = limit(analyst, tree["LEFT"])
    response = SightMiddleware(view)(request)
    assert b"".join(response) == b"P-LEFT;P-LOW;P-LEFT;P-LOW;"
    assert Project.objects.count() == 4


def test_after_a_request_nobody_is_looked_for(tree: dict[str, Any], analyst: User) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise LookupError(Project.objects.count())

    request = RequestFactory().get("/")
    request.user = limit(analyst, tree["LEFT"])
    with pytest.raises(LookupError, match="2"):
        SightMiddleware(view)(request)
    assert Project.objects.count() == 4


def test_an_answer_kept_by_one_reader_is_not_another_ones(
    tree: dict[str, Any], analyst: User, executive: User
) -> None:
    """The tag of an answer follows from what it says, and it varies with who asks."""
    whole, narrow = Program(executive), Program(limit(analyst, tree["LEFT"]))
    told = whole.get("subjects/")
    tags = {told["ETag"], narrow.get("subjects/")["ETag"]}
    assert len(tags) == 2
    asked = narrow.client.get("/api/v1/subjects/", headers={"If-None-Match": told["ETag"]})
    assert asked.status_code == 200
    for each in (told, asked):
        assert {"Authorization", "Cookie"} <= set(each["Vary"].split(", "))
        assert each["Cache-Control"] == "private, no-cache"


def test_pages_vary_with_who_is_signed_in(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    client = client_of(limit(analyst, tree["LEFT"]))
    for path in ("/projects/", "/search/?q=a", "/entry/", "/metrics/speed/"):
        assert "Cookie" in client.get(path)["Vary"], path


def test_a_kept_answer_of_before_the_limit_is_not_told_again(
    tree: dict[str, Any], analyst: User
) -> None:
    program = Program(analyst)
    row = {"metric": "speed", "subject": "P-RIGHT", "period": "2026-03", "value": 60}
    sent = {"measurements": [row]}
    assert program.post("measurements/", sent, Idempotency_Key="one").json()["stored"] == 1
    assert program.post("measurements/", sent, Idempotency_Key="one").json()["stored"] == 1
    limit(analyst, tree["LEFT"])
    assert program.post("measurements/", sent, Idempotency_Key="one").status_code == 422


def test_a_file_that_names_what_is_hidden_is_checked_like_one_that_names_nothing(
    tree: dict[str, Any], analyst: User
) -> None:
    limit(analyst, tree["LEFT"])
    reports = []
    for code in ("P-RIGHT", "P-RIGXT"):
        rows = f"{HEADER}\nspeed,P-LOW,2026-03,60\nspeed,{code},2026-03,61\n"
        batch = checked(rows, analyst)
        assert batch.counts["refused"] == 1
        told = Program(analyst).get(f"batches/{batch.pk}/rows/", verdict="refused").json()
        reports.append(str(told["results"]).replace(code, "X"))
    with_rest = stored(batch, mode=BatchMode.ACCEPTED_ONLY, is_confirmed=True)
    assert with_rest.state == BatchState.DONE
    assert reports[0] == reports[1]
    assert "P-RIGHT" not in reports[1]
    assert list(Measurement.objects.values_list("subject__code", flat=True)) == ["P-LOW"]


def test_an_import_of_before_the_limit_is_not_shown(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    batch = stored(checked(f"{HEADER}\nspeed,P-RIGHT,2026-03,61\n", analyst))
    client = client_of(analyst)
    assert client.get(f"/entry/imports/{batch.pk}/").status_code == 200
    limit(analyst, tree["LEFT"])
    for path in ("", "refused/", "file/", "undo/"):
        assert client.get(f"/entry/imports/{batch.pk}/{path}").status_code == 404
    assert Program(analyst).get(f"batches/{batch.pk}/").status_code == 404
    assert Program(analyst).get("batches/").json()["results"] == []


def test_an_import_about_what_moved_away_is_not_shown(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    limit(analyst, tree["LEFT"])
    batch = stored(checked(f"{HEADER}\nspeed,P-LOW,2026-03,61\n", analyst))
    assert ImportBatch.objects.get().state == BatchState.DONE
    client = client_of(analyst)
    assert client.get(f"/entry/imports/{batch.pk}/").status_code == 200
    project = tree["P-LOW"]
    project.portfolio = tree["RIGHT"]
    save_subject(project, by=None)
    assert client.get(f"/entry/imports/{batch.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (
            "/entry/value/",
            {"metric": "speed", "subject": "{}", "other_period": "2026-03", "value": "9"},
        ),
        ("/entry/no-value/", {"row": "speed/{}/2026-03", "reason": "No survey."}),
        ("/entry/does-not-apply/", {"metric": "speed", "subject": "{}", "reason": "None."}),
    ],
)
def test_nobody_writes_where_they_do_not_see(
    tree: dict[str, Any], analyst: User, client_of: ClientOf, path: str, sent: dict[str, str]
) -> None:
    client = client_of(limit(analyst, tree["LEFT"]))
    answers = []
    for code in ("P-RIGHT", "P-RIGXT"):
        answer = client.post(path, {name: text.format(code) for name, text in sent.items()})
        assert answer.status_code in (404, 422)
        answers.append(answer.status_code)
    assert answers[0] == answers[1]
    seen = client.post(path, {name: text.format("P-LOW") for name, text in sent.items()})
    assert seen.status_code == 302
    assert not Measurement.objects.filter(subject__code="P-RIGHT").exists()


def test_scores_are_the_same_whoever_is_looked_for(tree: dict[str, Any], analyst: User) -> None:
    """A score is one number, never one per reader."""
    factories.ScorecardFactory(subject_kind="project", is_default=True)
    factories.ScorecardFactory(
        subject_kind="portfolio", is_default=True, share_own=0, share_projects=1
    )
    measured(tree["P-RIGHT"])
    score_now(trigger=RunTrigger.COMMAND)
    before = scores()
    assert before
    Score.objects.all().delete()
    with seeing(limit(analyst, tree["LEFT"])):
        score_now(trigger=RunTrigger.COMMAND)
    assert scores() == before


@pytest.mark.parametrize(
    "path",
    [
        "/portfolios/",
        "/portfolios/LEFT/",
        "/projects/",
        "/projects/P-LOW/",
        f"/explain/P-LOW/{MARCH}/",
        "/metrics/",
        "/metrics/speed/",
        "/scorecards/",
        "/events/",
        "/search/?q=work",
        "/help/",
        "/entry/",
        "/entry/grid/?metric=speed",
        "/compare/portfolios/",
    ],
)
def test_a_limit_costs_few_queries(
    tree: dict[str, Any], analyst: User, client_of: ClientOf, path: str
) -> None:
    for code in ("LEFT", "LOW", "RIGHT"):
        keep_score(tree[f"P-{code}"], 50.0)
        keep_score(tree[code], 50.0)
        measured(tree[f"P-{code}"])
    client = client_of(limit(analyst, tree["LEFT"]))
    shown = read(client, path)
    assert shown.response.status_code == 200
    assert shown.queries <= MOST_QUERIES


def test_who_is_not_limited_is_not_asked_about_it(
    tree: dict[str, Any], analyst: User, client_of: ClientOf
) -> None:
    client = client_of(analyst)
    with CaptureQueriesContext(connection) as queries:
        client.get("/projects/")
    assert sum("portfoliolimit" in query["sql"] for query in queries) == 1  # with the person
