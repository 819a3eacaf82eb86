"""Addresses that lead nowhere."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from api.operation import Operation


@extend_schema(exclude=True)
class Nowhere(Operation):
    """404 in the API's own shape, for everybody alike."""

    permission_classes = ()
    throttle_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404
