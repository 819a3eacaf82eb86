"""Imports and the values that programs gave together: their reports, storing and undoing."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from api.errors import Refused
from api.operation import Operation, narrowed, operation
from api.paging import USUAL, Page, page_of, wrong_cursor
from api.scopes import ENTERS, READS_IMPORTS, UNDOES
from api.shapes.measurements import (
    MODES,
    BatchQuery,
    BatchRowShape,
    BatchRowsQuery,
    BatchShape,
    FileInput,
    StoreInput,
)
from api.views.people import user_name
from dashboards.access import UNDO_IMPORTS
from metrics.batches.rows import JudgedRow, kept_rows
from metrics.batches.seen import batches_seen
from metrics.choices import BatchState, Verdict
from metrics.importing.headers import recognised
from metrics.importing.plans import Reading
from metrics.models import ImportBatch
from metrics.operations.imports import (
    header_of,
    import_batch,
    map_batch,
    receive_file,
    undo_batch,
)

NAMES = {mode: name for name, mode in MODES.items()}
NOT_OURS = (
    "The first line is to be metric,subject,period,value,note (note may be left out). Files of"
    " other shapes are mapped on the page for imports."
)


class BatchList(Operation):
    @operation(
        "batches_list",
        "Imports, the newest first: one's own, or everybody's for those who may undo them",
        READS_IMPORTS,
        query=BatchQuery,
        page=BatchShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows = narrowed(_visible(self.person), query, state="state")
        page = page_of(rows, ("-id",), query)
        return page.told(request, [told_batch(batch) for batch in page.rows])

    @operation(
        "batches_send",
        "Send a file of values to be checked",
        ENTERS,
        body=FileInput,
        media_type="multipart/form-data",
        answer=BatchShape,
        status=201,
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """Nothing of it is stored yet: a worker checks it, and then it can be stored."""
        upload = body["file"]
        with transaction.atomic():
            batch = receive_file(upload, by=self.person)
            if batch.state == BatchState.NEW:
                _map(batch, self.person)
        return told_batch(_batch(batch.pk, self.person))


class BatchDetail(Operation):
    @operation("batches_read", "One import", READS_IMPORTS, answer=BatchShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_batch(_batch(pk, self.person))


class BatchRowList(Operation):
    @operation(
        "batches_rows",
        "What was said of the rows of an import",
        READS_IMPORTS,
        query=BatchRowsQuery,
        page=BatchRowShape,
        refusals=(404,),
    )
    def get(self, request: Request, pk: int, query: dict[str, Any]) -> dict[str, Any]:
        batch = _batch(pk, self.person)
        start, limit = _start(query), query.get("limit", USUAL)
        rows = kept_rows(batch, Verdict(query["verdict"]), start, start + limit + 1)
        more = str(start + limit) if len(rows) > limit else None
        page = Page(rows[:limit], more)
        return page.told(request, [_told_row(row) for row in page.rows])


class BatchStore(Operation):
    @operation(
        "batches_store",
        "Have a checked import stored",
        ENTERS,
        body=StoreInput,
        answer=BatchShape,
        status=202,
        refusals=(404, 409, 422),
    )
    def post(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        batch = _batch(pk, self.person)
        if batch.created_by_id != self.person.pk:
            raise PermissionDenied("An import is decided about by who sent it.", code="not_yours")
        import_batch(
            batch,
            mode=MODES[body["mode"]],
            is_confirmed=body["confirm_unusual"],
            by=self.person,
        )
        return told_batch(_batch(pk, self.person))


class BatchUndo(Operation):
    @operation(
        "batches_undo",
        "Put back what was there before an import",
        UNDOES,
        answer=BatchShape,
        status=202,
        refusals=(404, 409),
    )
    def post(self, request: Request, pk: int) -> dict[str, Any]:
        """A worker does it; what was changed since stays as it is, and is named in the report."""
        batch = _batch(pk, self.person)
        undo_batch(batch, by=self.person)
        return told_batch(_batch(pk, self.person))


def told_batch(batch: ImportBatch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "file": batch.file.name,
        "state": batch.state,
        "mode": NAMES[batch.mode],  # type: ignore[index]
        "counts": batch.counts,
        "error": batch.error,
        "created_by": user_name(batch.created_by),
        "created_at": batch.created_at,
        "stored_at": batch.stored_at,
        "undone_by": user_name(batch.undone_by),
        "undone_at": batch.undone_at,
    }


def _told_row(row: JudgedRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "metric": row.metric,
        "subject": row.subject,
        "period": row.period,
        "given": row.given,
        "value": row.value,
        "before": row.before,
        "note": row.note,
        "field": row.column,
        "message": row.sentence,
    }


def _visible(person: User | AnonymousUser) -> QuerySet[ImportBatch]:
    rows = ImportBatch.objects.select_related("file", "created_by", "undone_by").defer(
        "file__content"
    )
    if person.has_perm(UNDO_IMPORTS):
        return rows
    return batches_seen(rows.filter(created_by=person.pk))


def _batch(pk: int, person: User) -> ImportBatch:
    """Of somebody else's import nobody learns whether there is one."""
    batch = _visible(person).filter(pk=pk).first()
    if batch is None:
        raise Http404
    return batch


def _start(query: dict[str, Any]) -> int:
    cursor = query.get("cursor", "0")
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise wrong_cursor()
    return int(cursor)


def _map(batch: ImportBatch, by: User) -> None:
    """Only what the portal's own files look like: there is nobody to ask about others."""
    content = bytes(batch.file.content)
    reading = Reading()
    mapping = recognised(tuple(header_of(content, reading)))
    if mapping is None:
        raise Refused(NOT_OURS, code="header")
    map_batch(batch, reading=reading, mapping=mapping, by=by)
