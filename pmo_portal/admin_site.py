"""The admin site: for staff and for those who keep definitions, behind the portal's own sign-in."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics.models import MetricDefinition, Scorecard
from projects.models import Portfolio, Project, Segment
from projects.visibility import sight_of

FIRST_STEPS: list[tuple[type[Model], Promise]] = [
    (Portfolio, _("Add a portfolio: projects belong to one.")),
    (Segment, _("Add a segment: the customers that projects are for.")),
    (Project, _("Add a project, and the segments that it serves.")),
    (MetricDefinition, _("Add a metric: what is measured, and how a value becomes a score.")),
    (Scorecard, _("Add a scorecard: which metrics count for whom, and how much.")),
]
"""What a portal without data needs before it can show a score, in the order in which it is made."""


class PortalAdminSite(AdminSite):
    site_title = _("PMO portal")
    site_header = _("PMO portal: what is kept")
    index_title = _("Subjects, definitions and people")
    index_template = "pmo_portal/admin_index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_active or sight_of(user).is_limited:
            return False
        return user.is_staff or user.has_perm("metrics.keep_definitions")

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, {"first_steps": self.first_steps(), **(extra_context or {})})

    def first_steps(self) -> list[tuple[Promise, str]]:
        """What is still to be made, and where; nothing once there is one of each."""
        return [
            (sentence, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"))
            for model, sentence in FIRST_STEPS
            if self.is_registered(model) and not model._default_manager.exists()
        ]

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(wanted, reverse("sign_in"))
