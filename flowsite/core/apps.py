from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.management import call_command
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "flowsite.core"

    def ready(self) -> None:
        from flowsite.celery import app  # noqa: PLC0415 -- needs loaded settings
        from flowsite.core.middleware import SessionLimits  # noqa: PLC0415 -- needs loaded apps

        # Threads of a web server have no current app of their own.
        app.set_default()
        user_logged_in.connect(SessionLimits.begin)
        post_migrate.connect(make_cache_table, sender=self)


def make_cache_table(using: str, **_: Any) -> None:
    """``migrate`` alone makes a database complete."""
    call_command("createcachetable", database=using, verbosity=0)
