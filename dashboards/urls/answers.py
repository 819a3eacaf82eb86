"""What is said instead of a value, and what waits for approval."""

from django.urls import URLPattern, path

from dashboards.views.answers import (
    approval_list,
    draft_withdraw,
    exemption_propose,
    exemption_take_back,
    no_value_say,
    no_value_take_back,
    proposal_list,
)

urlpatterns: list[URLPattern] = [
    path("entry/no-value/", no_value_say, name="no_value_say"),
    path("entry/no-value/take-back/", no_value_take_back, name="no_value_take_back"),
    path("entry/does-not-apply/", exemption_propose, name="exemption_propose"),
    path(
        "entry/does-not-apply/<int:pk>/take-back/",
        exemption_take_back,
        name="exemption_take_back",
    ),
    path("entry/drafts/<int:pk>/withdraw/", draft_withdraw, name="draft_withdraw"),
    path("approvals/", approval_list, name="approval_list"),
    path("approvals/proposals/", proposal_list, name="proposal_list"),
]
