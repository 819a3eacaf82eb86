"""Whose metrics are whose to enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.exports.keeping import assignments_table
from dashboards.form_fields import search_field
from dashboards.presentation.counts import METRICS, PEOPLE, count_text
from dashboards.presentation.numbers import grouped
from dashboards.selectors.keeping.assignments import (
    CANNOT,
    NOBODY,
    PARTLY,
    SEVERAL,
    MetricRow,
    PersonRow,
    metrics_to_assign,
    people_who_enter,
    person_name,
    scopes_to_choose,
    who_enters_what,
)
from dashboards.selectors.keeping.places import indented, portfolio_places
from dashboards.views.exports import Exports, page_or_export
from dashboards.views.keeping.conflicts import keys_in
from dashboards.views.keeping.fields import refusals_into
from dashboards.views.keeping.steps import person
from dashboards.views.month_pages import is_asked_for, render_part
from metrics.choices import Category
from metrics.models import MetricAssignment, MetricDefinition
from metrics.operations.responsibilities import (
    SCOPE_KINDS,
    assign_metrics,
    take_metrics_away,
)
from projects.choices import SubjectKind
from projects.models import Subject

TABLE = "who"
ROWS_PER_PAGE = 50

BY_METRIC, BY_PERSON = "metric", "person"


class AssignmentFilterForm(forms.Form):
    q = search_field(gettext_lazy("Metric or person"))
    only = forms.ChoiceField(
        label=gettext_lazy("Show"),
        required=False,
        choices=[
            ("", gettext_lazy("All metrics")),
            (NOBODY, gettext_lazy("Assigned to nobody")),
            (PARTLY, gettext_lazy("Assigned for some only")),
            (SEVERAL, gettext_lazy("Entered by several")),
            (CANNOT, gettext_lazy("By people without the role")),
        ],
    )

    def __init__(self, data: Any, *, by: str) -> None:
        super().__init__(data)
        if by == BY_PERSON:
            del self.fields["only"]
        self.is_valid()

    @property
    def words(self) -> list[str]:
        return str(self.cleaned_data.get("q", "")).lower().split()

    def fits_metric(self, row: MetricRow) -> bool:
        people = " ".join(each.person for each in row.assigned)
        text = f"{row.metric.name} {row.metric.code} {people}".lower()
        wanted = self.cleaned_data.get("only", "")
        return row.fits(wanted) and all(word in text for word in self.words)

    def fits_person(self, row: PersonRow) -> bool:
        metrics = [each.metric for scope in row.scopes for each in scope.assigned]
        names = " ".join(f"{metric.name} {metric.code}" for metric in metrics)
        text = f"{row.name} {names}".lower()
        return all(word in text for word in self.words)


@require_safe
@needs(KEEP_DEFINITIONS)
def assignment_list(request: HttpRequest) -> HttpResponse:
    """Who enters what, by metric or by person."""
    by = BY_PERSON if request.GET.get("by") == BY_PERSON else BY_METRIC
    form = AssignmentFilterForm(request.GET, by=by)
    who = who_enters_what()
    rows: Sequence[MetricRow | PersonRow]
    if by == BY_PERSON:
        rows = [row for row in who.people if form.fits_person(row)]
        count = count_text(len(rows), PEOPLE)
    else:
        rows = [row for row in who.metrics if form.fits_metric(row)]
        count = count_text(len(rows), METRICS)
    context = {
        "by": by,
        "who": who,
        "form": form,
        "rows": Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page", "1")),
        "count": count,
        "noun": _("people") if by == BY_PERSON else _("metrics"),
        "table": TABLE,
        "address": request.get_full_path(),
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "assignments", context)
    return page_or_export(
        request,
        "dashboards/assignment_list.html",
        context,
        Exports(_("Who enters what"), {"assignments": lambda: assignments_table(rows)}),
    )


SCOPE_WORDS = {
    SubjectKind.ORGANISATION: gettext_lazy("Everything"),
    SubjectKind.PORTFOLIO: gettext_lazy("A portfolio"),
    SubjectKind.SEGMENT: gettext_lazy("A segment"),
}


class AssignForm(forms.Form):
    """Some metrics, a person, a scope."""

    user = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Who enters them"),
        empty_label=gettext_lazy("Choose…"),
        help_text=gettext_lazy("Everybody whose role lets them enter values."),
        error_messages={"required": gettext_lazy("Choose who enters them.")},
    )
    scope = forms.ModelChoiceField(
        Subject.objects.none(),
        label=gettext_lazy("For which subjects"),
        to_field_name="code",
        help_text=gettext_lazy(
            "A portfolio holds its projects and the portfolios in it; a segment holds its projects,"
            " services and customers."
        ),
        error_messages={"required": gettext_lazy("Choose for which subjects.")},
    )
    metrics = forms.ModelMultipleChoiceField(
        MetricDefinition.objects.none(),
        label=gettext_lazy("Metrics"),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one metric.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people, scopes, metrics = people_who_enter(), scopes_to_choose(), metrics_to_assign()
        self._offer(
            "user",
            User.objects.filter(pk__in=[user.pk for user in people]),
            [("", _("Choose…")), *((user.pk, person_name(user)) for user in people)],
        )
        of_kind = {
            kind: [(row.code, row.name) for row in scopes if row.kind == kind]
            for kind in SCOPE_KINDS
        }
        of_kind[SubjectKind.PORTFOLIO] = [(row.code, indented(row)) for row in portfolio_places()]
        self._offer(
            "scope",
            Subject.objects.filter(pk__in=[scope.pk for scope in scopes]),
            [(SCOPE_WORDS[kind], choices) for kind, choices in of_kind.items() if choices],
        )
        self._offer(
            "metrics",
            MetricDefinition.objects.filter(formula=""),
            [
                (category.label, [(m.code, m.name) for m in metrics if m.category == category])
                for category in Category
                if any(metric.category == category for metric in metrics)
            ],
        )

    def _offer(self, name: str, rows: Any, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows
        field.choices = choices


@require_http_methods(["GET", "HEAD", "POST"])
@needs(KEEP_DEFINITIONS)
def assignment_new(request: HttpRequest) -> HttpResponse:
    """Give a person metrics to enter, several at once."""
    organisation = Subject.objects.of_kind(SubjectKind.ORGANISATION).first()
    initial = {
        "user": request.GET.get("person", ""),
        "metrics": request.GET.getlist("metric"),
        "scope": request.GET.get("scope") or (organisation.code if organisation else ""),
    }
    form = AssignForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            new = assign_metrics(
                chosen["metrics"], user=chosen["user"], scope=chosen["scope"], by=person(request)
            )
        except ValidationError as refusal:
            refusals_into(form, refusal)
        else:
            messages.success(request, _new_words(chosen["user"], len(new), len(chosen["metrics"])))
            return redirect("assignment_list")
    return render(
        request,
        "dashboards/assignment_new.html",
        {"form": form, "crumbs": [(_("Assignments"), reverse("assignment_list"))]},
        status=422 if form.errors else 200,
    )


def _new_words(user: User, new: int, asked: int) -> str:
    words = ngettext(
        "%(person)s now enters %(number)s more metric.",
        "%(person)s now enters %(number)s more metrics.",
        new,
    ) % {"person": person_name(user), "number": grouped(new)}
    if new < asked:
        words += " " + _("%(count)s had been theirs already.") % {"count": asked - new}
    return words


@require_POST
@needs(KEEP_DEFINITIONS)
def assignment_remove(request: HttpRequest) -> HttpResponse:
    """Take metrics away from people: asked once, with what it leaves behind."""
    keys = keys_in(request.POST.getlist("assignment"))
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("assignment_list")
    if not keys:
        messages.info(request, _("Nothing was ticked, so nothing was removed."))
        return redirect(back)
    if "confirmed" not in request.POST:
        rows = MetricAssignment.objects.filter(pk__in=keys).select_related(
            "metric", "user", "scope"
        )
        listed = [(row, person_name(row.user)) for row in rows.order_by("metric__name", "pk")]
        return render(
            request,
            "dashboards/assignment_remove.html",
            {
                "rows": listed,
                "left": _left_to_nobody(keys),
                "back": back,
                "crumbs": [(_("Assignments"), reverse("assignment_list"))],
            },
        )
    gone = take_metrics_away(keys, by=person(request), reason=request.POST.get("reason", ""))
    removed = ngettext("%(number)s assignment removed.", "%(number)s assignments removed.", gone)
    messages.success(request, removed % {"number": grouped(gone)})
    return redirect(back)


def _left_to_nobody(keys: Sequence[int]) -> list[str]:
    """The metrics that are nobody's any more once these assignments are gone."""
    going = MetricDefinition.objects.filter(assignments__in=keys)
    staying = MetricAssignment.objects.exclude(pk__in=keys).values("metric_id")
    left = going.exclude(pk__in=staying).distinct().order_by("name")
    return list(left.values_list("name", flat=True))
