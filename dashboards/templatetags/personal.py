"""What a page offers the person who looks at it."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from dashboards.access import READ_DASHBOARDS
from dashboards.saved_pages import PAGE_NAMES

register = template.Library()


@register.inclusion_tag("components/save_view.html", takes_context=True)
def save_this_view(context: template.Context) -> dict[str, Any]:
    """The link that saves the page as a view, on pages that can be saved."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or match.url_name not in PAGE_NAMES or match.namespaces:
        return {}
    if not request.user.has_perm(READ_DASHBOARDS):
        return {}
    query = urlencode({"address": request.get_full_path()})
    return {"url": f"{reverse('saved_view_new')}?{query}"}
