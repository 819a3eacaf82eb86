"""What is said instead of a value, and what waits for approval: small forms and two queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboards.access import APPROVE_MEASUREMENTS, ENTER_MEASUREMENTS, KEEP_DEFINITIONS, needs
from dashboards.exports.desk import (
    decided_proposals_table,
    open_proposals_table,
    waiting_values_table,
)
from dashboards.forms import NoValueForm, ProposalForm, RejectForm, TakeBackForm
from dashboards.presentation.counts import VALUES, count_text
from dashboards.selectors.entry.approvals import (
    Choice,
    approval_page,
    latest_decisions,
    metric_choices,
    person_choices,
    proposal_page,
    waiting_counts,
)
from dashboards.views.exports import LEAST_TOO_MANY, Exports, page_or_export
from dashboards.views.places import (
    place_text,
    places_of,
    refuse_pairs_not_theirs,
    way_back,
)
from metrics.models import DraftMeasurement, ExemptionProposal, MetricDefinition
from metrics.operations.answers import (
    Place,
    grant_proposal,
    propose_exemptions,
    refuse_proposal,
    say_no_values,
    take_back_no_values,
    take_back_proposal,
)
from metrics.operations.drafts import (
    Decisions,
    approve_drafts,
    reject_drafts,
    withdraw_draft,
)
from metrics.validation.dependence import fiscal_year_starts_in
from projects.models import Subject
from projects.months import BEGINNING

REFUSALS_NAMED = 10
"""So many are told one by one."""


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # nobody else has a permission
    return request.user


def _crumbs() -> dict[str, Any]:
    return {"crumbs": [(_("What is due"), reverse("entry"))]}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def no_value_say(request: HttpRequest) -> HttpResponse:
    """Ask why there is no value of the chosen periods; then say so of each."""
    data = request.POST if request.method == "POST" else request.GET
    places = places_of(data.getlist("row"))
    if not places:
        messages.info(request, _("Choose at least one value first."))
        return redirect(way_back(request))
    refuse_pairs_not_theirs(_person(request), _pairs(places))
    form = NoValueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answers = say_no_values(places, reason=form.cleaned_data["reason"], by=_person(request))
        if answers.done:
            words = ngettext(
                "Kept with the reason: %(count)s period has no value.",
                "Kept with the reason: %(count)s periods have no value.",
                len(answers.done),
            )
            messages.success(request, words % {"count": len(answers.done)})
        _tell_refusals(
            request, [(_named(refused.place), refused.sentence) for refused in answers.refused]
        )
        return redirect(way_back(request))
    return render(
        request,
        "dashboards/no_value.html",
        {"form": form, "rows": _told(places), "back": way_back(request), **_crumbs()},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def no_value_take_back(request: HttpRequest) -> HttpResponse:
    """Ask why the values are expected again; then expect them."""
    data = request.POST if request.method == "POST" else request.GET
    places = places_of(data.getlist("row"))
    if not places:
        messages.info(request, _("Choose at least one value first."))
        return redirect(way_back(request))
    refuse_pairs_not_theirs(_person(request), _pairs(places))
    form = TakeBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        count = len(take_back_no_values(places, by=_person(request), why=form.cleaned_data["why"]))
        words = ngettext(
            "Taken back: %(count)s value is expected again.",
            "Taken back: %(count)s values are expected again.",
            count,
        )
        messages.success(request, words % {"count": count})
        return redirect(way_back(request))
    return render(
        request,
        "dashboards/no_value_take_back.html",
        {"form": form, "rows": _told(places), "back": way_back(request), **_crumbs()},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(ENTER_MEASUREMENTS)
def exemption_propose(request: HttpRequest) -> HttpResponse:
    """Ask why a metric does not apply, and when; then propose it to those who may decide.

    Of one metric and subject, or of all rows that were chosen in the due list, for one reason.
    """
    data = request.POST if request.method == "POST" else request.GET
    rows = data.getlist("row")
    if not rows and data.get("step") == "ask":
        messages.info(request, _("Choose at least one value first."))
        return redirect(way_back(request))
    pairs = _chosen_pairs(data)
    refuse_pairs_not_theirs(
        _person(request), [(metric.pk, subject.pk) for metric, subject in pairs]
    )
    # The due list brings what is chosen and why; in which months is still to be asked.
    is_answered = request.method == "POST" and data.get("step") != "ask"
    known = {name: data.get(name, "") for name in ("reason", "from_month")}
    form = ProposalForm(request.POST if is_answered else None, initial=known)
    if is_answered and form.is_valid() and _has_proposed(request, pairs, form):
        return redirect(way_back(request))
    return render(
        request,
        "dashboards/exemption_propose.html",
        {
            "form": form,
            "pairs": pairs,
            "only": pairs[0] if len(pairs) == 1 else None,
            "rows": rows,
            "back": way_back(request),
            **_crumbs(),
        },
        status=422 if form.errors else 200,
    )


def _chosen_pairs(data: QueryDict) -> list[tuple[MetricDefinition, Subject]]:
    if rows := data.getlist("row"):
        places = places_of(rows)
        return list({place.key[:2]: (place.metric, place.subject) for place in places}.values())
    metric = get_object_or_404(MetricDefinition, code=data.get("metric", ""))
    subject = get_object_or_404(Subject, code=data.get("subject", ""))
    return [(metric, subject)]


def _has_proposed(
    request: HttpRequest, pairs: Sequence[tuple[MetricDefinition, Subject]], form: ProposalForm
) -> bool:
    """Propose it of each pair; what is wrong with the answer itself is told beside the form."""
    try:
        proposals = propose_exemptions(pairs, by=_person(request), **form.cleaned_data)
    except ValidationError as refusal:
        _add_refusal(form, refusal)
        return False
    if len(pairs) == 1 and proposals.refused:
        _add_refusal(form, proposals.refused[0].refusal)
        return False
    if len(pairs) == 1:
        [(metric, subject)] = pairs
        words = _("Proposed: %(metric)s does not apply to %(subject)s. A PMO lead decides.")
        messages.success(request, words % {"metric": metric.name, "subject": subject.name})
    elif proposals.done:
        words = ngettext(
            "Proposed: %(count)s value does not apply. A PMO lead decides.",
            "Proposed: %(count)s do not apply. A PMO lead decides about each.",
            len(proposals.done),
        )
        messages.success(request, words % {"count": len(proposals.done)})
    _tell_refusals(
        request,
        [
            (f"{refused.metric.name}, {refused.subject.name}", refused.sentence)
            for refused in proposals.refused
        ],
    )
    return True


@require_POST
@needs(ENTER_MEASUREMENTS)
def exemption_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a proposal that nobody has decided about."""
    proposal = get_object_or_404(
        ExemptionProposal.objects.select_related("metric", "subject"), pk=pk
    )
    refuse_pairs_not_theirs(_person(request), [(proposal.metric_id, proposal.subject_id)])
    try:
        take_back_proposal(proposal, by=_person(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Taken back: the values are expected as before."))
    return redirect(way_back(request))


@require_POST
@needs(ENTER_MEASUREMENTS)
def draft_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own value that waits for approval."""
    draft = get_object_or_404(DraftMeasurement, pk=pk, entered_by=request.user.pk)
    try:
        withdraw_draft(draft, by=_person(request))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("Taken back: the value no longer waits for approval."))
    return redirect(way_back(request))


class QueueFilter(forms.Form):
    """What stands in the address; a value that is none of the choices counts as no filter."""

    metric = forms.ChoiceField(label=gettext_lazy("Metric"), required=False)
    person = forms.ChoiceField(label=gettext_lazy("Given by"), required=False)

    def __init__(self, data: Any, metrics: Sequence[Choice], people: Sequence[Choice]) -> None:
        super().__init__(data)
        for name, blank, choices in (
            ("metric", _("All metrics"), metrics),
            ("person", _("Everybody"), people),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [
                ("", blank),
                *((choice.key, f"{choice.name} ({choice.count})") for choice in choices),
            ]

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(APPROVE_MEASUREMENTS)
def approval_list(request: HttpRequest) -> HttpResponse:
    """The values that wait for approval; those that are chosen are approved or sent back."""
    if request.method == "POST":
        return _decide_drafts(request)
    return _approvals(request, RejectForm())


def _approvals(request: HttpRequest, form: RejectForm, chosen: Sequence[int] = ()) -> HttpResponse:
    filters = QueueFilter(request.GET, metric_choices(), person_choices())
    page = approval_page(_person(request), **filters.chosen(), number=request.GET.get("page", "1"))
    values, proposals = waiting_counts()
    return page_or_export(
        request,
        "dashboards/approval_list.html",
        {
            "filters": filters,
            "page": page,
            "count": count_text(page.paginator.count, VALUES),
            "form": form,
            "chosen": chosen,
            "values": values,
            "proposals": proposals,
        },
        Exports(
            _("Approvals"),
            {
                "approvals": lambda: waiting_values_table(
                    approval_page(_person(request), **filters.chosen(), per_page=LEAST_TOO_MANY)
                )
            },
        ),
        status=422 if form.errors else 200,
    )


def _decide_drafts(request: HttpRequest) -> HttpResponse:
    keys = _keys(request.POST.getlist("draft"))
    action = request.POST.get("action")
    if action not in ("approve", "reject"):
        raise BadRequest(_("The answer is approve or reject."))
    form = RejectForm(request.POST)
    if not keys:
        messages.info(request, _("Choose at least one value first."))
        return redirect(request.get_full_path())
    if action == "reject" and not form.is_valid():
        return _approvals(request, form, keys)
    drafts = (
        DraftMeasurement.objects.filter(pk__in=keys)
        .select_related("metric", "subject")
        .order_by("entered_at", "pk")
    )
    if action == "approve":
        decisions = approve_drafts(drafts, by=_person(request))
        words = ngettext(
            "%(count)s value is approved; its scores follow.",
            "%(count)s values are approved; their scores follow.",
            len(decisions.done),
        )
    else:
        decisions = reject_drafts(drafts, by=_person(request), reason=form.cleaned_data["reason"])
        words = ngettext(
            "%(count)s value is sent back with the reason.",
            "%(count)s values are sent back with the reason.",
            len(decisions.done),
        )
    _tell_decisions(request, decisions, words)
    return redirect(request.get_full_path())


def _tell_decisions(request: HttpRequest, decisions: Decisions, words: str) -> None:
    if decisions.done:
        messages.success(request, words % {"count": len(decisions.done)})
    _tell_refusals(
        request,
        [
            (f"{refusal.draft.metric.name}, {refusal.draft.subject.name}", refusal.sentence)
            for refusal in decisions.refused
        ],
    )


def _tell_refusals(request: HttpRequest, refusals: Sequence[tuple[str, str]]) -> None:
    """Those about which it was impossible, by name."""
    for name, sentence in refusals[:REFUSALS_NAMED]:
        messages.error(request, f"{name}: {sentence}")
    if (more := len(refusals) - REFUSALS_NAMED) > 0:
        words = ngettext(
            "%(count)s more could not be done.", "%(count)s more could not be done.", more
        )
        messages.error(request, words % {"count": more})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(KEEP_DEFINITIONS)
def proposal_list(request: HttpRequest) -> HttpResponse:
    """What is said not to apply; granted it is exempt, refused it is expected as before."""
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        wrong = _decide_proposal(request)
        if not wrong:
            return redirect(request.get_full_path())
    values, proposals = waiting_counts()
    decided = latest_decisions()
    return page_or_export(
        request,
        "dashboards/proposal_list.html",
        {
            "page": proposal_page(request.GET.get("page", "1")),
            "decided": decided,
            "beginning": BEGINNING,
            "values": values,
            "proposals": proposals,
            **wrong,
        },
        Exports(
            _("Proposals"),
            {
                "proposals": lambda: open_proposals_table(
                    proposal_page(None, per_page=LEAST_TOO_MANY)
                ),
                "decided": lambda: decided_proposals_table(decided),
            },
        ),
        status=422 if wrong else 200,
    )


def _decide_proposal(request: HttpRequest) -> dict[str, Any]:
    """Carry the decision out; what the page shows beside the proposal if it can't be."""
    keys = _keys(request.POST.getlist("proposal"))
    if len(keys) != 1:
        raise Http404
    proposal = get_object_or_404(
        ExemptionProposal.objects.select_related("metric", "subject"), pk=keys[0]
    )
    answer, person = request.POST.get("answer", ""), _person(request)
    named = {"metric": proposal.metric.name, "subject": proposal.subject.name}
    try:
        match request.POST.get("action"):
            case "grant":
                grant_proposal(proposal, by=person, answer=answer)
                words = _("Granted: %(metric)s does not apply to %(subject)s. The scores follow.")
            case "refuse":
                refuse_proposal(proposal, by=person, answer=answer)
                words = _("Refused: %(metric)s is expected of %(subject)s as before.")
            case unknown:
                raise BadRequest(
                    _("The answer is grant or refuse, not %(unknown)s.") % {"unknown": unknown}
                )
    except ValidationError as refusal:
        sentence = " ".join(refusal.messages)
        return {"wrong": proposal.pk, "sentence": sentence, "answer": answer}
    messages.success(request, words % named)
    return {}


def _keys(texts: Sequence[str]) -> list[int]:
    try:
        return [int(text) for text in texts]
    except ValueError:
        raise BadRequest(_("A key is a number.")) from None


def _pairs(places: Sequence[Place]) -> list[tuple[int, int]]:
    return [(place.metric.pk, place.subject.pk) for place in places]


def _named(place: Place) -> str:
    return f"{place.metric.name}, {place.subject.name}"


def _told(places: Sequence[Place]) -> list[tuple[Place, str, str]]:
    """Each with its period in words, and as a form names it."""
    starts_in = fiscal_year_starts_in()
    labelled = [(place, place.period.label(starts_in)) for place in places]
    return [
        (place, label, place_text(place.metric.code, place.subject.code, label))
        for place, label in labelled
    ]


def _add_refusal(form: forms.Form, refusal: ValidationError) -> None:
    if not hasattr(refusal, "error_dict"):
        form.add_error(None, refusal)
        return
    for field, errors in refusal.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)
