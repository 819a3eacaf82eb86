"""All subjects, kind by kind: what there is, and what is missing about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from dashboards.access import KEEP_DEFINITIONS, needs
from dashboards.exports.keeping import kept_subjects_table
from dashboards.form_fields import choose_if_any, search_field
from dashboards.presentation.counts import OF_KIND, count_text
from dashboards.presentation.months import month_label
from dashboards.selectors.keeping.places import indented, portfolio_places, segment_choices
from dashboards.selectors.keeping.subjects import (
    KEPT_KINDS,
    LACKS,
    PLACE_OF,
    WEIGHED_KINDS,
    SubjectFilter,
    kind_tabs,
    sort_in_force,
    subject_page,
)
from dashboards.selectors.months import current_month
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.keeping.subjects import KIND_NAMES
from dashboards.views.month_pages import is_asked_for, render_part
from projects.choices import SubjectKind

TABLE = "subjects"
"""The id of the part of the page that HTMX asks for again."""

WITH_PORTFOLIO = (SubjectKind.PROJECT, SubjectKind.PORTFOLIO)
WITH_SEGMENT = (SubjectKind.PROJECT, SubjectKind.CUSTOMER, SubjectKind.SERVICE)


class SubjectFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = search_field()
    portfolio = forms.ChoiceField(label=_("Portfolio"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    span = forms.ChoiceField(label=_("Measured"), required=False)
    lacks = forms.ChoiceField(label=_("What is missing"), required=False)

    def __init__(self, data: Any, *, kind: SubjectKind) -> None:
        super().__init__(data)
        self.places = portfolio_places() if kind in WITH_PORTFOLIO else []
        segments = segment_choices() if kind in WITH_SEGMENT else []
        choose_if_any(
            self,
            "portfolio",
            _("All portfolios"),
            [(row.code, indented(row)) for row in self.places],
        )
        choose_if_any(self, "segment", _("All segments"), segments)
        running = month_label(current_month())
        choose_if_any(self, "span", _("At any time"), [("now", _("Now, in %s") % running)])
        choose_if_any(
            self, "lacks", _("Anything or nothing"), [(x.key, x.label) for x in LACKS[kind]]
        )

    def chosen(self) -> SubjectFilter:
        self.is_valid()
        wanted = self.cleaned_data
        keys = {place.code: place.keys for place in self.places}
        return SubjectFilter(
            text=wanted.get("q", ""),
            portfolios=keys.get(wanted.get("portfolio", "")),
            segment=wanted.get("segment", ""),
            measured_in=current_month() if wanted.get("span") == "now" else None,
            lacks=wanted.get("lacks", ""),
        )


@require_safe
@needs(KEEP_DEFINITIONS)
def subject_list(request: HttpRequest) -> HttpResponse:
    """The subjects of one kind, with what is missing about each."""
    asked = request.GET.get("kind", "")
    kind = SubjectKind(asked) if asked in KEPT_KINDS else SubjectKind.PROJECT
    form = SubjectFilterForm(request.GET, kind=kind)
    sort = sort_in_force(kind, request.GET.get("sort", ""))
    page = subject_page(kind, form.chosen(), sort=sort, number=request.GET.get("page", "1"))
    many, one = (str(name).lower() for name in KIND_NAMES[kind])
    context = {
        "kind": kind,
        "form": form,
        "subjects": page,
        "sort": sort,
        "count": count_text(page.paginator.count, OF_KIND[kind]),
        "noun": many,
        "one": one,
        "place": PLACE_OF[kind][1] if kind in PLACE_OF else "",
        "shows_weight": kind in WEIGHED_KINDS,
        "shows_stage": kind == SubjectKind.PROJECT,
        "is_filtered": form.has_changed(),
        "table": TABLE,
    }
    if is_asked_for(request, TABLE):
        return render_part(request, "subjects", context)
    tabs = [(KIND_NAMES[tab.kind][0], tab) for tab in kind_tabs()]
    there_is = {tab.kind: tab.count for _label, tab in tabs}
    # There is one organisation and no more.
    may_add = kind != SubjectKind.ORGANISATION or not there_is[kind]
    return page_or_export(
        request,
        "dashboards/subject_list.html",
        context | {"tabs": tabs, "may_add": may_add},
        Exports(
            str(KIND_NAMES[kind][0]),
            {
                TABLE: lambda: kept_subjects_table(
                    gettext("kept"),
                    subject_page(kind, form.chosen(), sort=sort, per_page=LEAST_TOO_MANY),
                )
            },
        ),
    )
