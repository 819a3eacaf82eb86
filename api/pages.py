"""The page on which a person makes personal tokens and ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from api.models import NAME_LENGTH, PersonalToken
from api.operations.tokens import end_token, latest_last_day, make_token
from api.scopes import Scope
from dashboards.access import READ_DASHBOARDS, needs

USUAL_DAYS = 90


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What is it for"),
        max_length=NAME_LENGTH,
        help_text=gettext_lazy("The program or the machine that uses it."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may be used to"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ.value],
        help_text=gettext_lazy("Never more than you may yourself."),
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        initial=lambda: timezone.localdate() + timedelta(days=USUAL_DAYS),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].help_text = _("At the latest %(day)s.") % {
            "day": latest_last_day().isoformat()
        }


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(READ_DASHBOARDS)
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens; a new one is shown in the answer to its form, and never again."""
    assert isinstance(request.user, User)  # nobody else has the permission
    form = TokenForm(request.POST if request.method == "POST" else None)
    words, made = "", None
    if request.method == "POST" and form.is_valid():
        try:
            made, words = make_token(request.user, **form.cleaned_data)
        except ValidationError as refusal:
            _tell(form, refusal)
        else:
            form = TokenForm()
    tokens = PersonalToken.objects.filter(user=request.user)
    context = {
        "form": form,
        "words": words,
        "made": made,
        "tokens": [(token, scope_words(token)) for token in tokens],
    }
    return render(request, "api/token_list.html", context, status=422 if form.errors else 200)


@require_POST
@needs(READ_DASHBOARDS)
def token_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one's own token; of somebody else's nobody learns that it is there."""
    assert isinstance(request.user, User)  # nobody else has the permission
    token = get_object_or_404(PersonalToken, pk=pk, user=request.user)
    end_token(token, by=request.user)
    messages.success(request, _("%(name)s opens nothing any more.") % {"name": token.name})
    return redirect("token_list")


def scope_words(token: PersonalToken) -> str:
    labels = {scope.value: str(scope.label) for scope in Scope}
    return "; ".join(labels.get(scope, scope) for scope in token.scopes)


def _tell(form: forms.Form, refusal: ValidationError) -> None:
    for field, errors in refusal.error_dict.items():
        for error in errors:
            form.add_error(field if field in form.fields else None, error)
