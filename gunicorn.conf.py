"""What the web server does besides its options; gunicorn reads this file where it is started."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmo_portal.settings")

logconfig_dict = settings.LOGGING

MASTER = os.getpid()


def begin_metrics() -> None:
    """A folder in which this server's processes add up their metrics, gone when it ends.

    Each counts for itself, and whichever is asked tells the sum of all; a folder that was left over
    would count what an earlier server did.
    """
    folder = tempfile.mkdtemp(prefix="pmo-portal-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder

    def remove() -> None:
        if os.getpid() == MASTER:  # its children run this too when they end
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    begin_metrics()
