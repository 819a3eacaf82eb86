"""The same request twice, because its answer got lost on the way: done once, answered alike."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Refused
from api.models import KEY_LENGTH, KeptAnswer
from projects.visibility import current_sight

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
OTHER_REQUEST = "This key was used for another request; take a new one for a new request."
WRONG_KEY = f"A key has 1 to {KEY_LENGTH} letters, digits and signs without blanks."
FORGOTTEN_AT_ONCE = 500

_KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH}}}")


def once(view: Any, person: User, request: Request, act: Callable[[], Response]) -> Response:
    """Act, or answer as before if the person's key was there already.

    Key and deed go in one transaction: there is never one without the other, and of two that come
    at the same time the second waits for the first, and is answered like it.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    if not _KEY.fullmatch(key):
        raise serializers.ValidationError(
            {HEADER: serializers.ErrorDetail(WRONG_KEY, "idempotency_key")}
        )
    fingerprint = _fingerprint(request)
    _forget_old_ones()
    try:
        with transaction.atomic():
            kept = KeptAnswer.objects.create(
                user=person, key=key, fingerprint=fingerprint, status=0
            )
            response = _answered(view, act)
            kept.status, kept.content = response.status_code, _plain(response.data)
            kept.save(update_fields=["status", "content"])
            return response
    except IntegrityError:
        answered = KeptAnswer.objects.filter(user=person, key=key).first()
        if answered is None:
            raise
    if answered.fingerprint != fingerprint:
        raise Refused(OTHER_REQUEST, code="idempotency_key")
    return Response(answered.content, status=answered.status, headers={REPLAYED: "true"})


def _answered(view: Any, act: Callable[[], Response]) -> Response:
    """A refusal is an answer too; only what fails for reasons of ours is forgotten with its key."""
    try:
        with transaction.atomic():
            return act()
    except Exception as error:
        handler, context = view.get_exception_handler(), view.get_exception_handler_context()
        response: Response | None = handler(error, context)
        if response is None:
            raise
        return response


def _fingerprint(request: Request) -> str:
    asked = [request.method, request.get_full_path(), _plain(_without_files(request.data))]
    if mark := current_sight().mark:
        # An answer from before a limit was changed may tell what the person no longer sees.
        asked.append(mark)
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for file in request.FILES.values():
        digest.update(file.read())
        file.seek(0)
    return digest.hexdigest()


def _without_files(data: Any) -> Any:
    if not hasattr(data, "lists"):
        return data
    return {name: [str(each) for each in values] for name, values in data.lists()}


def _plain(content: Any) -> Any:
    """As it is sent, and as it will come back from the database: of JSON's own kinds."""
    return json.loads(JSONRenderer().render(content) or b"null")


def _forget_old_ones() -> None:
    """A few at a time, so that nobody waits for it."""
    until = timezone.now() - timedelta(hours=settings.API_KEEP_ANSWERS_HOURS)
    old = KeptAnswer.objects.filter(created_at__lt=until).order_by("created_at")
    keys = list(old.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    if keys:
        KeptAnswer.objects.filter(pk__in=keys).delete()
