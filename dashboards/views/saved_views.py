"""A person's own views: saving, opening, naming, ordering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboards.access import READ_DASHBOARDS, needs
from dashboards.models import SavedView
from dashboards.operations.views import delete_view, move_view, rename_view, save_view
from dashboards.presentation.months import month_name
from dashboards.saved_pages import SavedPage, read_page
from dashboards.selectors.personal import views_of
from projects.models import Subject
from projects.months import Month

ALWAYS_LATEST, THIS_MONTH = "latest", "this"


class SaveViewForm(forms.Form):
    """A name, and whether the month is kept."""

    address = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    month = forms.ChoiceField(
        label=gettext_lazy("Month"), widget=forms.RadioSelect, initial=ALWAYS_LATEST
    )

    def __init__(self, data: object, page: SavedPage, **given: object) -> None:
        super().__init__(data, **given)  # type: ignore[arg-type]
        if not page.month:
            del self.fields["month"]
            return
        month = cast(forms.ChoiceField, self.fields["month"])
        month.choices = [
            (ALWAYS_LATEST, _("Always the latest month")),
            (THIS_MONTH, _("Always %(month)s") % {"month": _month_words(page.month)}),
        ]


class RenameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


@dataclass(frozen=True, slots=True)
class Row:
    view: SavedView
    page: SavedPage | None
    """None of one that leads nowhere any more."""
    subscriptions: int
    is_first: bool
    is_last: bool

    @property
    def month(self) -> str:
        return _month_words(self.page.month) if self.page and self.page.month else ""


@require_safe
@needs(READ_DASHBOARDS)
def saved_view_list(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboards/saved_view_list.html", {"rows": _rows(request)})


def _rows(request: HttpRequest) -> list[Row]:
    user = _person(request)
    views = list(views_of(user).annotate(sent=Count("subscriptions")))
    return [
        Row(
            view,
            _page_or_none(view.address, user),
            view.sent,
            view is views[0],
            view is views[-1],
        )
        for view in views
    ]


@require_safe
@needs(READ_DASHBOARDS)
def saved_view_menu(request: HttpRequest) -> JsonResponse:
    """The views below the search field; such as lead nowhere are left out."""
    views = [
        {"name": row.view.name, "url": row.view.get_absolute_url()}
        for row in _rows(request)
        if row.page is not None
    ]
    return JsonResponse({"views": views}, headers={"Cache-Control": "private, no-store"})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(READ_DASHBOARDS)
def saved_view_new(request: HttpRequest) -> HttpResponse:
    """Save the page at `address`; a script gives its heading as the name."""
    user = _person(request)
    given = request.POST if request.method == "POST" else request.GET
    address = given.get("address", "")
    try:
        page = read_page(address, user)
    except ValidationError as refusal:
        return _refused(request, refusal)
    if request.method != "POST":
        name = request.GET.get("name", "").strip()[:100] or _suggested(page)
        form = SaveViewForm(None, page, initial={"address": page.address, "name": name})
        return _form(request, form, page)
    form = SaveViewForm(request.POST, page)
    if not form.is_valid():
        return _form(request, form, page)
    try:
        view = save_view(
            user,
            name=form.cleaned_data["name"],
            address=page.address,
            keeps_month=form.cleaned_data.get("month") == THIS_MONTH,
        )
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return _form(request, form, page)
    messages.success(request, _("“%(name)s” is saved.") % {"name": view.name})
    return redirect("saved_view_open", view.pk)


def _form(request: HttpRequest, form: SaveViewForm, page: SavedPage) -> HttpResponse:
    context = {"form": form, "page": page, "crumbs": _crumbs()}
    status = 422 if form.is_bound else 200
    return render(request, "dashboards/saved_view_form.html", context, status=status)


def _refused(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
    context = {"rows": _rows(request), "refusal": " ".join(refusal.messages)}
    return render(request, "dashboards/saved_view_list.html", context, status=422)


@require_safe
@needs(READ_DASHBOARDS)
def saved_view_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the page, if it is still one that the person may open."""
    view = _mine(request, pk)
    page = _page_or_none(view.address, _person(request))
    if page is not None:
        return redirect(page.address)
    refusal = _("“%(name)s” leads to a page that you may not open or that is gone.")
    context = {"rows": _rows(request), "refusal": refusal % {"name": view.name}}
    return render(request, "dashboards/saved_view_list.html", context, status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(READ_DASHBOARDS)
def saved_view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it another name."""
    view = _mine(request, pk)
    is_sent = request.method == "POST"
    form = RenameForm(request.POST if is_sent else None, initial={"name": view.name})
    if form.is_bound and form.is_valid():
        try:
            rename_view(view, name=form.cleaned_data["name"])
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect("saved_view_list")
    context = {"form": form, "view": view, "crumbs": _crumbs()}
    status = 422 if is_sent else 200
    return render(request, "dashboards/saved_view_edit.html", context, status=status)


@require_POST
@needs(READ_DASHBOARDS)
def saved_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = _mine(request, pk)
    delete_view(view)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": view.name})
    return redirect("saved_view_list")


@require_POST
@needs(READ_DASHBOARDS)
def saved_view_move(request: HttpRequest, pk: int) -> HttpResponse:
    """`up` or, without it, down."""
    move_view(_mine(request, pk), up="up" in request.POST)
    return redirect("saved_view_list")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has the permission
    return request.user


def _mine(request: HttpRequest, pk: int) -> SavedView:
    return get_object_or_404(views_of(_person(request)), pk=pk)


def _page_or_none(address: str, user: User) -> SavedPage | None:
    try:
        return read_page(address, user)
    except ValidationError:
        return None


def _suggested(page: SavedPage) -> str:
    subject = Subject.objects.filter(code=page.subject_code).first() if page.subject_code else None
    return page.label if subject is None else subject.name


def _month_words(text: str) -> str:
    """A month of an address, which may be none."""
    try:
        return month_name(Month.parse(text))
    except ValueError:
        return text


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Saved views"), reverse("saved_view_list"))]
