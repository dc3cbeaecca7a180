"""``manage.py restore FILE``: the state of a backup, instead of what is in the database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flowsite.operations import archive
from flowsite.people import audit
from flowsite.people.audit import COMMAND_LINE


class Command(BaseCommand):
    help = "Replaces all rows by those of a backup. Stop web, worker and beat first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="also when people have worked with this database: what is in it is lost",
        )

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        if not replace and not archive.is_empty():
            raise CommandError("The database is not empty. With --replace, what is in it is lost.")
        try:
            counts = archive.restore(file)
        except archive.BadArchive as problem:
            raise CommandError(f"{problem} Nothing was changed.") from problem
        audit.record("backup.restored", by=COMMAND_LINE, file=file.name)
        rows = sum(counts.values())
        self.stdout.write(f"{rows:,} rows of {len(counts)} tables are restored. Sign in again.")
        if closed := archive.closed_secrets():
            self.stderr.write(
                f"{closed} stored secrets can't be opened: add the key they were saved with to "
                "FLOWSITE_ENCRYPTION_KEYS, or type them again."
            )
