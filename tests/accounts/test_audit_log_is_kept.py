"""Nobody changes the audit log: not by the ORM, not in the admin site, not by SQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import forget_old_events, record
from accounts.choices import Happening
from accounts.models import AuditEvent, LogIsKept
from accounts.sealing import TABLE, unsealed
from accounts.tasks import forget_old_events_task
from pmo_portal.schedules import DAILY

pytestmark = pytest.mark.django_db


@pytest.fixture
def event() -> AuditEvent:
    return record(Happening.SIGNED_IN, detail="as it was")


def told() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.values_list("happening", "detail"))


def test_the_orm_changes_nothing(event: AuditEvent) -> None:
    event.detail = "another"
    rows = AuditEvent.objects.all()
    for change in (
        event.save,
        lambda: event.save(update_fields=["detail"]),
        event.delete,
        rows.delete,
        lambda: rows.update(detail="another"),
        lambda: rows.bulk_update([event], ["detail"]),
        lambda: AuditEvent.objects.update_or_create(pk=event.pk, defaults={"detail": "another"}),
    ):
        with pytest.raises(LogIsKept):
            change()
    assert told() == [("signed_in", "as it was")]


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET detail = 'another'",
        f"DELETE FROM {TABLE}",
        f"DELETE FROM {TABLE} WHERE id IN (SELECT id FROM {TABLE})",
    ],
)
def test_sql_changes_nothing_on_either_database(event: AuditEvent, statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match="nothing in it is changed or deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert told() == [("signed_in", "as it was")]


def test_a_row_is_not_written_over_either(event: AuditEvent) -> None:
    other = AuditEvent(pk=event.pk, happening=Happening.SIGNED_OUT)
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.bulk_create(
            [other], update_conflicts=True, unique_fields=["id"], update_fields=["happening"]
        )
    columns = "id, at, happening, person, about, browser, method, path, request_id, detail"
    values = f"{event.pk}, '2026-01-01', 'signed_out', '', '', '', '', '', '', ''"
    if connection.vendor == "sqlite":
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"INSERT OR REPLACE INTO {TABLE} ({columns}) VALUES ({values})")
    assert told() == [("signed_in", "as it was")]


def test_postgresql_does_not_empty_the_table_either(event: AuditEvent) -> None:
    emptying = f"TRUNCATE {TABLE}" if connection.vendor == "postgresql" else f"DELETE FROM {TABLE}"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(emptying)
    assert told() == [("signed_in", "as it was")]


def test_no_page_of_the_admin_site_and_no_permission_changes_it() -> None:
    assert AuditEvent not in admin.site._registry
    given = Permission.objects.filter(content_type__app_label="accounts")
    assert set(given.values_list("codename", flat=True)) >= {"view_auditevent"}
    assert not given.filter(
        codename__in=["add_auditevent", "change_auditevent", "delete_auditevent"]
    ).exists()


def test_only_what_is_too_old_goes_and_that_is_told(settings: Settings) -> None:
    settings.AUDIT_KEEP_DAYS = 400
    now = timezone.now()
    for days in (399, 401, 4000):
        AuditEvent.objects.create(
            happening=Happening.SIGNED_IN, at=now - timedelta(days=days), detail=str(days)
        )
    forget_old_events_task()
    words = f"2 < {now - timedelta(days=400):%Y-%m-%d}"
    assert [(row.happening, row.detail[: len(words)]) for row in AuditEvent.objects.all()] == [
        ("log_shortened", words),
        ("signed_in", "399"),
    ]
    assert forget_old_events() == 0
    assert AuditEvent.objects.count() == 2


def test_old_events_go_every_night() -> None:
    assert forget_old_events_task.name in [daily.task for daily in DAILY]


def test_the_log_is_sealed_again_afterwards_and_when_it_fails(event: AuditEvent) -> None:
    with pytest.raises(ZeroDivisionError), unsealed():
        raise ZeroDivisionError
    with unsealed():
        pass
    for statement in (f"DELETE FROM {TABLE}", f"UPDATE {TABLE} SET detail = ''"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert told() == [("signed_in", "as it was")]


def test_even_unsealed_nothing_is_changed(event: AuditEvent) -> None:
    with pytest.raises(IntegrityError), unsealed(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET detail = 'another'")
    assert told() == [("signed_in", "as it was")]
