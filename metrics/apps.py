from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "metrics"

    def ready(self) -> None:
        from metrics.operations import subjects
        from projects import signals

        signals.subjects_changed.connect(subjects.rescore_changed_subjects)
        signals.subject_saving.connect(subjects.refuse_to_move_measurements)
        signals.subject_deleting.connect(subjects.refuse_to_lose_history)
