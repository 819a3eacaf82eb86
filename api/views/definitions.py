"""Metrics, curves of single subjects and exemptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import MOST_TOLD, Fault, Refused
from api.fields import changes_of, fields_of
from api.operation import Operation, found, narrowed, operation
from api.paging import page_of
from api.scopes import KEEPS, READS
from api.shapes.definitions import (
    AgreementQuery,
    DeletionQuery,
    ExemptionFields,
    ExemptionShape,
    MetricInput,
    MetricQuery,
    MetricShape,
    OverrideFields,
    OverrideShape,
)
from api.shapes.keeping import CopiedShape, CopyInput, ReadyMadeList, ReadyMadeShape
from metrics.catalogue import CATALOGUE
from metrics.models import CurveOverride, Exemption, ExemptionProposal, MetricDefinition
from metrics.operations.catalogue import REASON, copy_from_catalogue
from metrics.operations.definitions import (
    delete_exemption,
    delete_metric,
    delete_override,
    save_exemption,
    save_metric,
    save_override,
)
from projects.models import Subject
from projects.months import BEGINNING
from projects.operations.versions import not_overtaken, version_of
from projects.validation import unknown

ABOUT = ("reason", "version")
"""Fields that are about the change, and not about what is changed."""


class MetricList(Operation):
    @operation("metrics_list", "Metrics", READS, query=MetricQuery, page=MetricShape)
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        rows: QuerySet[MetricDefinition] = MetricDefinition.objects.all()
        rows = narrowed(rows, query, category="category", subject_kind="subject_kind")
        if search := query.get("search"):
            rows = rows.filter(Q(code__icontains=search) | Q(name__icontains=search))
        page = page_of(rows, ("code",), query)
        versions = versions_of(MetricDefinition, page.rows)
        return page.told(request, [told_metric(row, versions.get(row.pk, 0)) for row in page.rows])

    @operation(
        "metrics_create",
        "Define a metric",
        KEEPS,
        body=MetricInput,
        answer=MetricShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """It counts for nobody until a scorecard has it."""
        reason = body.pop("reason", "")
        body.pop("version", None)
        metric = save_metric(MetricDefinition(**body), by=self.person, reason=reason)
        return told_metric(metric, version_of(metric))


class MetricDetail(Operation):
    @operation("metrics_read", "One metric", READS, answer=MetricShape, refusals=(404,))
    def get(self, request: Request, code: str) -> dict[str, Any]:
        metric = found(MetricDefinition.objects.all(), code=code)
        return told_metric(metric, version_of(metric))

    @operation(
        "metrics_change",
        "Change a metric",
        KEEPS,
        body=changes_of(MetricInput),
        answer=MetricShape,
        refusals=(404, 409),
    )
    def patch(self, request: Request, code: str, body: dict[str, Any]) -> dict[str, Any]:
        """What is not told stays as it is. The subjects that it scores are scored anew."""
        with transaction.atomic():
            metric = found(MetricDefinition.objects.all(), code=code)
            for name, value in body.items():
                if name not in ABOUT:
                    setattr(metric, name, value)
            with not_overtaken(metric, body.get("version")):
                save_metric(metric, by=self.person, reason=body.get("reason", ""))
        return told_metric(metric, version_of(metric))

    @operation(
        "metrics_delete",
        "Delete a metric that nothing was measured by",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409, 422),
    )
    def delete(self, request: Request, code: str, query: dict[str, Any]) -> Response:
        metric = found(MetricDefinition.objects.all(), code=code)
        delete_metric(metric, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


class Catalogue(Operation):
    @operation("catalogue_list", "Ready-made metrics to start from", READS, answer=ReadyMadeList)
    def get(self, request: Request) -> dict[str, Any]:
        names = list(fields_of(ReadyMadeShape))
        return {
            "results": [
                {name: getattr(entry, name) for name in names} for entry in CATALOGUE.values()
            ]
        }

    @operation(
        "catalogue_copy",
        "Copy ready-made metrics: all of them or none",
        KEEPS,
        body=CopyInput,
        answer=CopiedShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """From then on they are the portal's own. A code that is taken gets a number; what a
        formula needs comes along."""
        copied = copy_from_catalogue(
            body["codes"], by=self.person, reason=body.get("reason") or REASON
        )
        return {
            "metrics": [metric.code for metric in copied.metrics],
            "along": list(copied.along),
            "reused": list(copied.reused),
        }


def told_metric(metric: MetricDefinition, version: int) -> dict[str, Any]:
    told: dict[str, Any] = {"version": version}
    for name, field in fields_of(MetricShape).items():
        if name != "version":
            value = getattr(metric, name)
            told[name] = None if value is None else field.to_representation(value)
    return told


def versions_of(model: Any, rows: Sequence[Any]) -> dict[int, int]:
    """The latest record of each row in the history, in one query."""
    key = model._meta.pk.attname
    records = model.history.filter(**{f"{key}__in": [row.pk for row in rows]})
    return dict(records.order_by().values_list(key).annotate(latest=Max("history_id")))


class ExemptionList(Operation):
    @operation(
        "exemptions_list",
        "Which metrics do not apply to which subjects",
        READS,
        query=AgreementQuery,
        page=ExemptionShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        page = page_of(_agreements(Exemption.objects.all(), query), ("id",), query)
        return page.told(request, [told_exemption(row) for row in page.rows])

    @operation(
        "exemptions_create",
        "Exempt a subject from a metric",
        KEEPS,
        body=ExemptionFields,
        answer=ExemptionShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        row = Exemption(**_exemption_fields(body))
        return told_exemption(save_exemption(row, by=self.person))


class ExemptionDetail(Operation):
    @operation("exemptions_read", "One exemption", READS, answer=ExemptionShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_exemption(found(_agreements(Exemption.objects.all(), {}), pk=pk))

    @operation(
        "exemptions_change",
        "Change an exemption",
        KEEPS,
        body=changes_of(ExemptionFields),
        answer=ExemptionShape,
        refusals=(404, 409),
    )
    def patch(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        row = found(_agreements(Exemption.objects.all(), {}), pk=pk)
        for name, value in _exemption_fields(body).items():
            setattr(row, name, value)
        return told_exemption(save_exemption(row, by=self.person))

    @operation(
        "exemptions_delete",
        "Expect the metric of the subject again",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409),
    )
    def delete(self, request: Request, pk: int, query: dict[str, Any]) -> Response:
        row = found(_agreements(Exemption.objects.all(), {}), pk=pk)
        delete_exemption(row, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_exemption(row: Exemption) -> dict[str, Any]:
    return {
        "id": row.pk,
        "metric": row.metric.code,
        "subject": row.subject.code,
        **told_span(row),
        "reason": row.reason,
    }


def told_span(row: Exemption | ExemptionProposal) -> dict[str, str | None]:
    """From which month until which a metric does not apply; null = from the beginning, for good."""
    return {
        "from_month": None if row.from_month == BEGINNING else str(row.from_month),
        "until_month": None if row.until_month is None else str(row.until_month),
    }


def _exemption_fields(body: dict[str, Any]) -> dict[str, Any]:
    fields = with_rows(body)
    if "from_month" in fields and fields["from_month"] is None:
        fields["from_month"] = BEGINNING
    return fields


class OverrideList(Operation):
    @operation(
        "overrides_list",
        "Curves of single subjects",
        READS,
        query=AgreementQuery,
        page=OverrideShape,
    )
    def get(self, request: Request, query: dict[str, Any]) -> dict[str, Any]:
        page = page_of(_agreements(CurveOverride.objects.all(), query), ("id",), query)
        return page.told(request, [told_override(row) for row in page.rows])

    @operation(
        "overrides_create",
        "Give a subject a curve of its own",
        KEEPS,
        body=OverrideFields,
        answer=OverrideShape,
        status=201,
        refusals=(409,),
        keeps_answers=True,
    )
    def post(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        return told_override(save_override(CurveOverride(**with_rows(body)), by=self.person))


class OverrideDetail(Operation):
    @operation("overrides_read", "One curve", READS, answer=OverrideShape, refusals=(404,))
    def get(self, request: Request, pk: int) -> dict[str, Any]:
        return told_override(found(_agreements(CurveOverride.objects.all(), {}), pk=pk))

    @operation(
        "overrides_change",
        "Change a subject's own curve",
        KEEPS,
        body=changes_of(OverrideFields),
        answer=OverrideShape,
        refusals=(404, 409),
    )
    def patch(self, request: Request, pk: int, body: dict[str, Any]) -> dict[str, Any]:
        row = found(_agreements(CurveOverride.objects.all(), {}), pk=pk)
        for name, value in with_rows(body).items():
            setattr(row, name, value)
        return told_override(save_override(row, by=self.person))

    @operation(
        "overrides_delete",
        "Let the metric's own curve hold again",
        KEEPS,
        query=DeletionQuery,
        status=204,
        refusals=(404, 409),
    )
    def delete(self, request: Request, pk: int, query: dict[str, Any]) -> Response:
        row = found(_agreements(CurveOverride.objects.all(), {}), pk=pk)
        delete_override(row, by=self.person, reason=query.get("reason", ""))
        return Response(status=204)


def told_override(row: CurveOverride) -> dict[str, Any]:
    return {
        "id": row.pk,
        "metric": row.metric.code,
        "subject": row.subject.code,
        "from_month": str(row.from_month),
        "curve": row.curve,
    }


def _agreements(rows: Any, query: dict[str, Any]) -> Any:
    rows = rows.select_related("metric", "subject")
    return narrowed(rows, query, metric="metric__code", subject="subject__code")


def with_rows(body: dict[str, Any]) -> dict[str, Any]:
    """The metric and the subject that the codes mean."""
    fields = dict(body)
    if "metric" in fields:
        fields["metric"] = row_of(MetricDefinition, "metric", fields["metric"])
    if "subject" in fields:
        fields["subject"] = row_of(Subject, "subject", fields["subject"])
    return fields


def row_of(model: Any, what: str, code: str, *, field: str = "") -> Any:
    """The row of that code; refused with near matches if there is none."""
    row = model.objects.filter(code=code).first()
    if row is None:
        raise refused_field(field or what, unknown(what, code, _codes_of(model)))
    return row


def rows_of(model: Any, what: str, codes: Sequence[str]) -> dict[str, Any]:
    """The rows of many codes, in one query; refused with each that there is none of, by place."""
    rows: dict[str, Any] = {row.code: row for row in model.objects.filter(code__in=set(codes))}
    missing = list(dict.fromkeys(code for code in codes if code not in rows))[:MOST_TOLD]
    if missing:
        known = _codes_of(model)
        sentences = {code: unknown(what, code, known) for code in missing}
        faults = [
            Fault("unknown", sentences[code], what, number)
            for number, code in enumerate(codes)
            if code in sentences
        ]
        raise Refused(f"Row {faults[0].row}: {faults[0].message}", code="unknown", faults=faults)
    return rows


def _codes_of(model: Any) -> set[str]:
    return set(model.objects.values_list("code", flat=True))


def refused_field(field: str, sentence: str) -> Refused:
    fault = Fault("unknown", sentence, field)
    return Refused(f"{field}: {sentence}", code="unknown", faults=[fault])
