"""What a page says while there is nothing to show."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def nothing_yet(request: HttpRequest) -> HttpResponse:
    """No measurement yet: say what to create first."""
    return render(request, "dashboards/nothing_yet.html")
