from __future__ import annotations

import logging

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "flowsite.operations"

    def ready(self) -> None:
        from flowsite.operations import heartbeats  # noqa: PLC0415 -- needs loaded models
        from flowsite.operations.tallies import CountCalls  # noqa: PLC0415 -- needs loaded models

        heartbeats.watch_beat()
        logging.getLogger("flowsite.aep").addHandler(CountCalls())
