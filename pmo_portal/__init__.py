"""The shell: settings, addresses, roles, health, and the command that starts everything."""

from pmo_portal.celery import app as celery_app

__all__ = ["celery_app"]
