from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "flowsite.alerts"

    def ready(self) -> None:
        from flowsite.alerts import tasks  # noqa: PLC0415 -- needs loaded models
        from flowsite.runs.signals import sandbox_read  # noqa: PLC0415 -- as above

        sandbox_read.connect(tasks.look_after_reading, dispatch_uid="alerts")
