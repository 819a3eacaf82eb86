"""The Celery application: the same tasks on the embedded broker and on Redis."""

import os
import time
from typing import Any

from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_embedded_init,
    beat_init,
    setup_logging,
    worker_ready,
    worker_shutdown,
)
from django_structlog.celery.steps import DjangoStructLogInitStep

from pmo_portal import signs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings")

app = Celery("pmo_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)

ticks = signs.Ticks()


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """That somebody listens is enough: Celery then keeps its hands off."""


@beat_init.connect
@beat_embedded_init.connect
def tick_from_here(**_: Any) -> None:
    """This process is the scheduler: each task that it hands out shows that it lives."""
    after_task_publish.connect(ticks.keep)


@worker_ready.connect
def show_life_from_here(sender: Any, **_: Any) -> None:
    begun = time.time()

    def show() -> None:
        signs.show_worker(sender.hostname, begun, sender.pool.num_processes)

    show()
    sender.timer.call_repeatedly(signs.SIGN_SECONDS, show)


@worker_shutdown.connect
def sign_off(sender: Any, **_: Any) -> None:
    signs.forget_worker(sender.hostname)
