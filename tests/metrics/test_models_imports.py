"""What the database itself refuses of imports."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from metrics.choices import Verdict
from metrics.models import BatchRows, ImportBatch, SavedMapping
from tests.constraints import assert_refused
from tests.factories import (
    A_MOMENT,
    ImportBatchFactory,
    ImportFileFactory,
    MeasurementChangeFactory,
    MeasurementFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("batch_state_known", {"state": "lost"}),
        ("batch_mode_known", {"mode": "half"}),
        ("batch_progress_in_total", {"done": 2, "total": 1}),
        ("done", {"done": -1}),
        ("total", {"done": 0, "total": -1}),
        ("attempt", {"attempt": -1}),
        ("metrics_importbatch.file_id", {"file": None}),
    ],
)
def test_what_no_batch_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: ImportBatchFactory(**fields))


def test_a_file_has_a_size() -> None:
    assert_refused("size", lambda: ImportFileFactory(size=-1))


def a_block(batch: ImportBatch, **fields: Any) -> BatchRows:
    values = {"verdict": Verdict.NEW, "number": 1, "content": b""} | fields
    return BatchRows.objects.create(batch=batch, **values)


def test_there_is_one_block_of_rows_per_verdict() -> None:
    batch = ImportBatchFactory()
    a_block(batch)
    a_block(batch, verdict=Verdict.SAME)
    assert_refused("one_block_of_rows_per_verdict", lambda: a_block(batch))


@pytest.mark.parametrize(
    ("rule", "fields"), [("verdict_known", {"verdict": "fine"}), ("number", {"number": -1})]
)
def test_what_no_block_of_rows_can_be(rule: str, fields: dict[str, Any]) -> None:
    assert_refused(rule, lambda: a_block(ImportBatchFactory(), **fields))


def test_rows_go_with_their_batch() -> None:
    batch = ImportBatchFactory()
    a_block(batch)
    batch.delete()
    assert not BatchRows.objects.exists()


def test_there_is_one_saved_mapping_per_person_and_header() -> None:
    person = UserFactory()

    def save(**fields: Any) -> SavedMapping:
        values = {"signature": "s", "name": "a.csv", "reading": {}, "mapping": {}} | fields
        return SavedMapping.objects.create(owner=person, used_at=A_MOMENT, **values)

    save()
    save(signature="t")
    assert_refused("one_mapping_per_person_and_header", save)


def test_what_came_with_a_batch_keeps_it() -> None:
    batch = ImportBatchFactory()
    MeasurementFactory(batch=batch)
    with pytest.raises(ProtectedError):
        batch.delete()
    replaced = ImportBatchFactory()
    MeasurementChangeFactory(batch_before=replaced)
    with pytest.raises(ProtectedError):
        replaced.delete()
    with pytest.raises(ProtectedError):
        replaced.file.delete()


def test_a_batch_outlives_who_sent_it_and_what_it_mends() -> None:
    person = UserFactory()
    first = ImportBatchFactory(created_by=person)
    second = ImportBatchFactory(mends=first, created_by=person)
    first.delete()
    person.delete()
    second.refresh_from_db()
    assert (second.mends, second.created_by) == (None, None)
