from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class PortalAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "pmo_portal.admin_site.PortalAdminSite"


class PmoPortalConfig(AppConfig):
    name = "pmo_portal"
    verbose_name = "Portal"
    default = True

    def ready(self) -> None:
        from celery.signals import task_failure

        from pmo_portal.failures import keep_failure
        from pmo_portal.roles import keep_roles
        from pmo_portal.schedules import begin_schedules

        post_migrate.connect(keep_roles, sender=self)
        post_migrate.connect(begin_schedules, sender=self)
        task_failure.connect(keep_failure)
