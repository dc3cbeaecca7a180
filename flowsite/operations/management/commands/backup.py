"""``manage.py backup FILE``: everything the installation knows, in one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flowsite.operations import archive, health
from flowsite.people import audit
from flowsite.people.audit import COMMAND_LINE


class Command(BaseCommand):
    help = "Writes all rows to a file, while everything runs. The encryption keys are not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} exists already.")
        if not (state := health.migrations()).ok:
            raise CommandError(f"Migrations: {state.words}.")
        audit.record("backup.made", by=COMMAND_LINE, file=file.name)
        try:
            counts = archive.write(file)
        except OSError as error:
            raise CommandError(f"The backup could not be written: {error}") from error
        rows = sum(counts.values())
        self.stdout.write(f"{rows:,} rows of {len(counts)} tables are in {file}.")
        self.stdout.write("Keep FLOWSITE_ENCRYPTION_KEYS as well, apart from it.")
