"""Subjects of every kind, with their links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from projects.admin.operated import (
    OperatedAdmin,
    OperatedInline,
    Operations,
    ReadOnlyAdmin,
)
from projects.models import (
    Customer,
    Engagement,
    Offer,
    Organisation,
    Portfolio,
    Project,
    Segment,
    Service,
    Subject,
)
from projects.operations.links import delete_offer, save_offer
from projects.operations.subjects import delete_subject, save_subject

SPAN = ("active_from", "active_until")
OFFER_TERMS = ("weight", "annual_cost", "benchmark_cost", "currency")


class SubjectAdmin(OperatedAdmin):
    """What all kinds have in common."""

    operations = Operations(save_subject, delete_subject)
    search_fields = ("code", "name")
    ordering = ("code",)
    list_display: tuple[str, ...] = ("code", "name", *SPAN)


class EngagementInline(OperatedInline):
    """The segments that a project serves; code and name of the engagement follow from the two."""

    model = Engagement
    fk_name = "project"
    operations = Operations(save_subject, delete_subject)
    fields = ("segment", "share")
    autocomplete_fields = ("segment",)
    verbose_name = _("segment served")
    verbose_name_plural = _("segments served")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("project", "segment")


class OfferInline(OperatedInline):
    """The segments that a service is offered to."""

    model = Offer
    operations = Operations(save_offer, delete_offer)
    fields = ("segment", *OFFER_TERMS)
    autocomplete_fields = ("segment",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("service", "segment")


class OfferedServiceInline(OfferInline):
    fields = ("service", *OFFER_TERMS)
    autocomplete_fields = ("service",)
    verbose_name = _("service offered")
    verbose_name_plural = _("services offered")


@admin.register(Organisation)
class OrganisationAdmin(SubjectAdmin):
    fields = ("code", "name", "fiscal_year_starts_in", SPAN)
    list_display = ("code", "name", "fiscal_year_starts_in", *SPAN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organisation.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Portfolio)
class PortfolioAdmin(SubjectAdmin):
    fields = ("code", "name", "parent", "description", SPAN)
    autocomplete_fields = ("parent",)
    list_display = ("code", "name", "parent", *SPAN)
    list_select_related = ("parent",)


@admin.register(Project)
class ProjectAdmin(SubjectAdmin):
    fieldsets = (
        (None, {"fields": ("code", "name", "portfolio", "stage", "weight", SPAN)}),
        (
            _("For customers"),
            {
                "fields": (
                    "description",
                    "customer_experience",
                    "relationship_effect",
                    "revenue_effect",
                )
            },
        ),
        (_("People"), {"fields": (("sponsor", "lead"),)}),
        (_("Dates"), {"fields": (("start_on", "end_on", "baseline_end_on"),)}),
        (_("Money"), {"fields": (("budget", "forecast_cost", "actual_cost", "currency"),)}),
    )
    autocomplete_fields = ("portfolio",)
    list_display = ("code", "name", "portfolio", "stage", "weight", *SPAN)
    list_filter = ("stage", ("portfolio", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("portfolio",)
    inlines = (EngagementInline,)


@admin.register(Segment)
class SegmentAdmin(SubjectAdmin):
    fields = (
        ("code", "name"),
        ("audience", "weight"),
        SPAN,
        "description",
        "value_proposition",
        ("customer_count", "annual_revenue", "currency"),
        "projects_that_serve_it",
    )
    list_display = ("code", "name", "audience", "weight", "customer_count", *SPAN)
    list_filter = ("audience",)
    readonly_fields = ("projects_that_serve_it",)
    inlines = (OfferedServiceInline,)

    @admin.display(description=_("projects that serve it"))
    def projects_that_serve_it(self, segment: Segment) -> str:
        """A link, since there may be hundreds of them; each is kept with its project."""
        if not segment.pk:
            return "-"
        page = reverse("admin:projects_engagement_changelist")
        count = segment.engagements.count()
        return format_html('<a href="{}?segment={}">{}</a>', page, segment.pk, count)


@admin.register(Customer)
class CustomerAdmin(SubjectAdmin):
    fields = (
        ("code", "name"),
        ("segment", "weight"),
        SPAN,
        ("since", "renewal_on"),
        ("annual_revenue", "currency"),
    )
    autocomplete_fields = ("segment",)
    list_display = ("code", "name", "segment", "renewal_on", "weight", *SPAN)
    list_filter = (("segment", admin.RelatedOnlyFieldListFilter), "renewal_on")
    list_select_related = ("segment",)


@admin.register(Service)
class ServiceAdmin(SubjectAdmin):
    fields = (("code", "name"), "owner", SPAN, "description", "value_proposition")
    list_display = ("code", "name", "owner", *SPAN)
    inlines = (OfferInline,)


@admin.register(Engagement)
class EngagementAdmin(SubjectAdmin):
    """The links between projects and segments, one by one, with their history."""

    fields = ("project", "segment", "share")
    autocomplete_fields = ("project", "segment")
    list_display = ("code", "project", "segment", "share")
    list_filter = (("segment", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("project", "segment")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project", "segment") if obj else ()


@admin.register(Offer)
class OfferAdmin(OperatedAdmin):
    operations = Operations(save_offer, delete_offer)
    search_fields = ("service__code", "service__name", "segment__code", "segment__name")
    autocomplete_fields = ("service", "segment")
    list_display = ("service", "segment", "weight", "annual_cost", "benchmark_cost", "currency")
    list_filter = (("segment", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("service", "segment")
    ordering = ("service__code", "segment__code")


@admin.register(Subject)
class AnySubjectAdmin(ReadOnlyAdmin):
    """Everything that can be measured in one list; each is kept on the page of its own kind."""

    search_fields = ("code", "name")
    ordering = ("code",)
    list_display = ("on_its_own_page", "name", "kind", *SPAN)
    list_display_links = None
    list_filter = ("kind",)

    @admin.display(description=_("code"), ordering="code")
    def on_its_own_page(self, subject: Subject) -> str:
        return format_html('<a href="{}">{}</a>', page_of(subject), subject.code)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        subject = self.get_object(request, object_id)
        if subject is None:
            return super().change_view(request, object_id, *args, **kwargs)
        return HttpResponseRedirect(page_of(subject))


def page_of(subject: Subject) -> str:
    return reverse(f"admin:projects_{subject.kind}_change", args=[subject.pk])
