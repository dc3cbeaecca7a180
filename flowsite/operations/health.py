"""What can be found out about the state of the installation, one check at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from amqp.exceptions import NotFound
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError

from flowsite.core.wording import duration
from flowsite.operations import heartbeats, work
from flowsite.saying import say

_TITLES = {
    "database": say("Database"),
    "migrations": say("Migrations"),
    "broker": say("Broker"),
    "beat": say("Scheduler (beat)"),
    "polling": say("Reading of runs"),
}
_up_to_date = False


@dataclass(frozen=True)
class Check:
    """One thing that is as it should be, or not; ``words`` say how it is."""

    name: str
    ok: bool
    words: str

    @property
    def title(self) -> str:
        """What people call it."""
        kind, _, queue = self.name.partition(":")
        return say("Workers: {queue}", queue=queue) if queue else _TITLES.get(kind, kind)


def database() -> Check:
    """Whether it answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Check("database", False, say("does not answer"))
    return Check("database", True, say("{vendor} answers", vendor=connection.vendor))


def migrations() -> Check:
    """Whether this release's migrations have been applied. Asked until it is so, then known."""
    global _up_to_date
    if not _up_to_date:
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return Check("migrations", False, say("can't be read"))
        if missing:
            return Check(
                "migrations", False, say("{count} not applied: run migrate", count=len(missing))
            )
        _up_to_date = True
    return Check("migrations", True, "applied")


def queue_lengths() -> dict[str, int] | None:
    """Queue → waiting messages, as the broker says; None when it does not answer."""
    found = {}
    try:
        with current_app.connection_for_read(connect_timeout=1) as link:
            link.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
            for queue in settings.QUEUES:
                found[queue] = _length(link, queue)
    except (OperationalError, OSError):
        return None
    return found


def _length(link: Any, queue: str) -> int:
    channel = link.channel()
    try:
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except (NotFound, LookupError, *link.channel_errors):
        return 0  # nobody has used it yet
    finally:
        channel.close()


def broker() -> Check:
    """Whether it answers, and how much waits there."""
    lengths = queue_lengths()
    if lengths is None:
        return Check("broker", False, say("does not answer"))
    waiting = ", ".join(
        say("{name}: {count} waiting", name=name, count=count) for name, count in lengths.items()
    )
    return Check("broker", True, waiting)


def processes() -> Iterator[Check]:
    """Beat, and the workers of every queue."""
    limit = heartbeats.limit()
    for name, age in heartbeats.ages(timezone.now()).items():
        if age is None:
            yield Check(name, False, say("never seen"))
        else:
            yield Check(
                name, age <= limit, say("seen {age} ago", age=duration(max(age, timedelta())))
            )


def polling() -> Check:
    """Whether the runs of every sandbox are read in time."""
    late = [line.name for line in work.sandbox_lags() if line.late]
    if late:
        return Check("polling", False, say("behind in: {names}", names=", ".join(late[:10])))
    return Check("polling", True, say("up to date"))


def of_this_process() -> list[Check]:
    """What a web process needs in order to answer pages."""
    first = database()
    return [first, migrations()] if first.ok else [first]


def of_everything() -> list[Check]:
    """All of it. Without a database nothing more can be known."""
    first = of_this_process()
    if not all(check.ok for check in first):
        return [*first, broker()]
    return [*first, broker(), *processes(), polling()]
