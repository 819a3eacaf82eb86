"""The filters of the lists: for their pages, and for whoever tells what such a page shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboards.form_fields import Choices, choose_if_any, choose_or_not, search_field
from dashboards.presentation.bands import FROM_GOOD_TO_UNKNOWN, style_of
from dashboards.presentation.bands import NOT_MEASURED as UNMEASURED_STYLE
from dashboards.presentation.months import month_label
from dashboards.selectors.customers import NO_DATE, CustomerFilter
from dashboards.selectors.keeping.places import segment_choices
from dashboards.selectors.months import ViewMonth
from dashboards.selectors.portfolios import PortfolioNode
from dashboards.selectors.project_rows import BLANK_STAGE, NOT_MEASURED, ProjectFilter
from dashboards.selectors.risks import Risk
from dashboards.selectors.services import ServiceFilter
from projects.choices import ProjectStage

WITHIN_DAYS = (30, 60, 90, 180, 365)


class ProjectFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = search_field()
    portfolio = forms.ChoiceField(label=_("Portfolio"), required=False)
    stage = forms.ChoiceField(label=_("Stage"), required=False)
    segment = forms.ChoiceField(label=_("Serves segment"), required=False)
    band = forms.ChoiceField(label=_("Overall band"), required=False)
    span = forms.ChoiceField(label=_("Measured"), required=False)

    def __init__(self, data: Any, *, month: ViewMonth, portfolios: Sequence[PortfolioNode]) -> None:
        super().__init__(data)
        choose_if_any(self, "portfolio", _("All portfolios"), _portfolio_choices(portfolios))
        choose_if_any(self, "segment", _("All segments"), segment_choices())
        choose_if_any(self, "stage", _("All stages"), _stage_choices())
        choose_if_any(self, "band", _("All bands"), _band_choices())
        choose_if_any(
            self,
            "span",
            _("In %(month)s") % {"month": month_label(month.month)},
            [("all", _("At any time"))],
        )

    def chosen(
        self, portfolios: Sequence[PortfolioNode], scope: Collection[int] | None
    ) -> ProjectFilter:
        """The filter that the address asks for, inside a scope of portfolios."""
        self.is_valid()
        wanted = self.cleaned_data
        code = wanted.get("portfolio", "")
        keys = {node.scores.code: node.keys for node in portfolios}
        return ProjectFilter(
            portfolios=keys[code] if code else scope,
            segment=wanted.get("segment", ""),
            stage=wanted.get("stage", ""),
            band=wanted.get("band", ""),
            text=wanted.get("q", ""),
            also_unmeasured=wanted.get("span") == "all",
        )


def _portfolio_choices(portfolios: Sequence[PortfolioNode]) -> Choices:
    top = min((node.depth for node in portfolios), default=0)
    return [
        (node.scores.code, "\N{EM SPACE}" * (node.depth - top) + node.scores.name)
        for node in portfolios
        if node.projects
    ]


def _stage_choices() -> Choices:
    return [*ProjectStage.choices, (BLANK_STAGE, _("Not told"))]


def _band_choices() -> Choices:
    return [
        *((style_of(band).code, style_of(band).word) for band in FROM_GOOD_TO_UNKNOWN),
        (NOT_MEASURED, UNMEASURED_STYLE.word),
    ]


class CustomerFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = search_field()
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    risk = forms.ChoiceField(
        label=_("Risk"), required=False, choices=[("", _("Any risk")), *Risk.choices]
    )
    band = forms.ChoiceField(label=_("Overall band"), required=False)
    renewal = forms.ChoiceField(label=_("Renewal"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        choose_or_not(self, "segment", _("All segments"), segment_choices())
        choose_or_not(self, "band", _("All bands"), _band_choices())
        choose_or_not(self, "renewal", _("At any time"), _renewal_choices())

    def chosen(self) -> CustomerFilter:
        self.is_valid()
        wanted = self.cleaned_data
        return CustomerFilter(
            segment=wanted.get("segment", ""),
            band=wanted.get("band", ""),
            risk=wanted.get("risk", ""),
            renewal=wanted.get("renewal", ""),
            text=wanted.get("q", ""),
        )


def _renewal_choices() -> Choices:
    return [
        *((str(days), _("Within %(days)s days") % {"days": days}) for days in WITHIN_DAYS),
        (NO_DATE, _("No date known")),
    ]


class ServiceFilterForm(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    q = search_field()
    segment = forms.ChoiceField(label=_("Offered to"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        choose_or_not(self, "segment", _("All segments"), segment_choices())

    def chosen(self) -> ServiceFilter:
        self.is_valid()
        wanted = self.cleaned_data
        return ServiceFilter(segment=wanted.get("segment", ""), text=wanted.get("q", ""))


def filters_in_words(form: forms.Form) -> str:
    """`Stage: Delivery; Overall band: Red`; empty where nothing is filtered."""
    return "; ".join(
        f"{form.fields[name].label}: {_in_words(form.fields[name], value)}"
        for name, value in form.cleaned_data.items()
        if value not in ("", None)
    )


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(choices).get(value, value)).strip()
    return str(value)


def order_in_words(sort: str) -> str:
    """`value creation, falling`."""
    way = gettext("falling") if sort.startswith("-") else gettext("rising")
    return f"{sort.removeprefix('-').replace('_', ' ')}, {way}"
