"""What lines of a log look like: JSON for machines, one readable line each for people.

All programs write the same: the web server's own lines, Celery's and Django's go through here. A
line has the names that were bound while it was written - request, task, run - and what its writer
gave as `extra`.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.types import Processor

from accounts.addresses import without_secrets
from accounts.current import current_request

Event = MutableMapping[str, Any]

FORMATS = ("json", "text")

PLAIN = (str, int, float, bool, list, tuple)
"""What is told of an `extra`: a request, say, would tell its address with all that is in it."""

# A name or an address that holds a line's end would write lines of its own.
CONTROLS = {number: f"\\x{number:02x}" for number in (*range(32), 127)} | {10: "\\n", 9: "\\t"}


def add_person(_logger: Any, _name: str, event: Event) -> Event:
    """Who is signed in, if that was found out already: a line of a log asks no database."""
    request = current_request()
    if request is not None:
        known = request.__dict__
        user = known.get("_cached_user") or known.get("user")
        # Where nobody has asked yet, `user` is a promise to look, which is not called in.
        pk = None if type(user).__name__ == "SimpleLazyObject" else getattr(user, "pk", None)
        if pk is not None:
            event["user_id"] = pk
    return event


def hide_secrets(_logger: Any, _name: str, event: Event) -> Event:
    """Of the request's own address, whoever writes it: Django does, of an error."""
    request = current_request()
    if request is not None:
        shown = without_secrets(request.path, request.resolver_match)
        event["event"] = str(event["event"]).replace(request.path, shown)
    return event


class AddExtra(structlog.stdlib.ExtraAdder):
    """What the writer of a line gave beside its words, as far as it is plain."""

    def __call__(self, logger: logging.Logger, name: str, event_dict: Event) -> Event:
        before = set(event_dict)
        event = super().__call__(logger, name, event_dict)
        for key in set(event) - before:
            if not isinstance(event[key], PLAIN):
                del event[key]
        return event


def leave_out_nothings(_logger: Any, _name: str, event: Event) -> Event:
    return {key: value for key, value in event.items() if value is not None}


def as_line(_logger: Any, _name: str, event: Event) -> str:
    """Moment, level, writer, words, then what else is known; a traceback in lines of its own."""
    exception = event.pop("exception", "")
    moment, level = event.pop("timestamp"), event.pop("level").upper()
    line = f"{moment} {level} {event.pop('logger')}: {event.pop('event')}"
    known = " ".join(f"{key}={value}" for key, value in event.items())
    shown = f"{line}  [{known}]" if known else line
    return shown.translate(CONTROLS) + (f"\n{exception}" if exception else "")


def logging_settings(level: str, style: str) -> dict[str, Any]:
    """The LOGGING of Django, for `json` or `text`."""
    is_json = style == "json"
    stamp = (
        structlog.processors.TimeStamper(fmt="iso", utc=True)
        if is_json
        else structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False)
    )
    known: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_person,
        hide_secrets,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        AddExtra(),
        leave_out_nothings,
        stamp,
    ]
    written: list[Processor] = (
        [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
        if is_json
        else [as_line]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": known,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    *written,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Named, so that it loses the handler and the looks that it has of its own.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # Refusals are logged by pmo_portal.access, with the person; a page not found is no
            # news.
            "django.request": {"level": "ERROR"},
            # One line each per tick of a few seconds would bury everything else.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.worker.request": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            "django_celery_beat.schedulers": {"level": "WARNING"},
            # It carries names to the workers; what becomes of tasks Celery tells itself.
            "django_structlog": {"level": "CRITICAL"},
            # So would one per step and page of each PDF.
            "weasyprint.progress": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
        },
    }


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
