from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    name = "dashboards"

    def ready(self) -> None:
        from dashboards.operations import packs
        from metrics import signals

        signals.months_closed.connect(packs.ask_for_packs)
