"""Admin pages that save and delete through the operations, and tell what these refuse."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import NestedObjects
from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from simple_history.admin import SimpleHistoryAdmin

from projects.fields import MonthField, MonthFormField
from projects.models import Subject
from projects.naming import in_words


class Operations(NamedTuple):
    """How rows of a model are written."""

    save: Callable[..., Any]
    delete: Callable[..., None]


class MonthInput(MonthFormField):
    """A month as `2026-03`, once it was read nothing but a month."""

    def run_validators(self, value: Any) -> None:
        """The length is one of the text, which is gone by then."""


class ShownAsText(forms.Widget):
    """A value that is told and not asked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return format_html("{}", self.text)


class OperationForm(forms.ModelForm):
    """Shows what an operation refused, at the field it is about if the form has it."""

    refusal: ClassVar[ValidationError | None] = None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        if self.refusal is not None:
            self.add_error(None, self.refusal)

    def add_error(self, field: str | None, error: Any) -> None:
        if field is not None or not hasattr(error, "error_dict"):
            super().add_error(field, error)
            return
        # A rule may be about a field that this form shows but does not let anybody change.
        for name, errors in error.error_dict.items():
            super().add_error(name if name in self.fields else NON_FIELD_ERRORS, errors)


# Instead of the admin site's own input for whole numbers.
MONTHS_AS_TEXT: dict[type[models.Field], dict[str, Any]] = {
    MonthField: {"form_class": MonthInput, "widget": MonthInput().widget}
}


class OperatedAdmin(SimpleHistoryAdmin):  # type: ignore[misc]  # simple_history has no types
    """Writes by `operations`, inlines by their own; what is refused comes back as a sentence."""

    operations: ClassVar[Operations]
    form = OperationForm
    formfield_overrides = MONTHS_AS_TEXT
    list_per_page = 50
    show_full_result_count = False

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form.__name__, (form,), {"refusal": refusal}) if refusal else form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        type(self).operations.save(obj, by=_person(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        operations = self._operations_of(formset.model)
        formset.save(commit=False)
        for row in formset.deleted_objects:
            operations.delete(row, by=_person(request))
        for row, _ in formset.changed_objects:
            operations.save(row, by=_person(request))
        for row in formset.new_objects:
            operations.save(row, by=_person(request))

    def _operations_of(self, model: type[models.Model]) -> Operations:
        inlines: Sequence[type[OperatedInline]] = self.inlines
        return next(inline.operations for inline in inlines if inline.model is model)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        type(self).operations.delete(obj, by=_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for row in queryset:
            type(self).operations.delete(row, by=_person(request))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes, and what goes with it; a ValidationError if the operation would refuse.

        Whether it would is found out by doing it and taking it back: nobody is asked to confirm
        what can't be done, and no rule stands here a second time.
        """
        rows = list(objs)
        with transaction.atomic():
            for row in rows:
                type(self).operations.delete(copy.copy(row), by=_person(request))
            transaction.set_rollback(True)
        return [str(row) for row in rows], _counts_of_all_that_goes(rows), set(), []

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except ValidationError as refusal:
            # Everything was rolled back. The same form again, now with the reason in it.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        context = dict(extra_context or {})
        if not request.user.has_perm("auth.view_user"):
            context["admin_user_view"] = ""  # names without a link that would be refused
        return super().history_view(request, object_id, context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            with self._atomic_if_writing(request):
                return super().history_form_view(request, object_id, version_id, *args, **kwargs)
        except ValidationError as refusal:
            return self._tell(request, refusal, request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except ValidationError as refusal:
            options = self.model._meta
            page = f"admin:{options.app_label}_{options.model_name}_change"
            return self._tell(request, refusal, reverse(page, args=[object_id]))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        try:
            # Deleting the chosen rows is all or nothing, its entries in the log included.
            with self._atomic_if_writing(request):
                return super().changelist_view(request, extra_context)
        except ValidationError as refusal:
            return self._tell(request, refusal, request.get_full_path())

    def _atomic_if_writing(self, request: HttpRequest) -> AbstractContextManager[None]:
        """Looking at a page must not queue behind a writer."""
        if request.method == "POST":
            return transaction.atomic(using=router.db_for_write(self.model))
        return nullcontext()

    def _tell(self, request: HttpRequest, refusal: ValidationError, page: str) -> HttpResponse:
        for sentence in refusal.messages:
            self.message_user(request, sentence, messages.ERROR)
        return HttpResponseRedirect(page)


class LinkForm(OperationForm):
    """A link that is there stays between its ends, which are told in words; the rest may change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.disabled = True
                # A choice for each row would ask the database for each row.
                field.widget = ShownAsText(str(getattr(self.instance, name)))


class OperatedInline(admin.TabularInline):
    """Rows that are written by their own operations, on the page of what they belong to."""

    operations: ClassVar[Operations]
    form = LinkForm
    formfield_overrides = MONTHS_AS_TEXT
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        # Whether a row can go is the operation's to say, in a sentence; the admin site would look
        # for it row by row and list every value that stands in the way.
        formset.form = type(
            formset.form.__name__, (formset.form,), {"hand_clean_DELETE": lambda form: None}
        )
        return formset


class ReadOnlyAdmin(admin.ModelAdmin):
    """Pages of what is only looked at here."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _counts_of_all_that_goes(rows: Iterable[models.Model]) -> dict[str, int]:
    """How many rows of each kind, as the page before deleting tells it."""
    collector = NestedObjects(using=router.db_for_write(Subject), origin=list(rows))
    collector.collect(list(rows))
    counts: Counter[str] = Counter()
    gone: Any = collector.model_objs  # by model, though the stubs say by name
    for model, found in gone.items():
        if model is not Subject:  # half of a row that is counted as what it is
            counts[in_words(model._meta.verbose_name_plural)] += len(found)
    for query in collector.fast_deletes:
        counts[in_words(query.model._meta.verbose_name_plural)] += query.count()
    return {name: count for name, count in counts.items() if count}
