"""``manage.py credential add|test|rotate|rotate-keys``: Adobe credentials from the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials import services
from flowsite.credentials.models import IMS_URL, PLATFORM_URL, SCOPES, Credential
from flowsite.people import audit
from flowsite.people.audit import COMMAND_LINE
from flowsite.people.command_line import the_team
from flowsite.people.models import Team


class Command(BaseCommand):
    help = "Adds and tests Adobe credentials."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="store a credential")
        add.add_argument("name")
        add.add_argument("--org-id", required=True)
        add.add_argument("--client-id", required=True)
        add.add_argument(
            "--secret-stdin",
            action="store_true",
            required=True,
            help="read the client secret from standard input (all of it, less one final newline)",
        )
        add.add_argument("--scopes", default=SCOPES)
        add.add_argument("--ims-url", default=IMS_URL)
        add.add_argument("--platform-url", default=PLATFORM_URL)
        add.add_argument("--team")
        test = actions.add_parser("test", help="fetch a token and list the sandboxes")
        test.add_argument("name")
        test.add_argument("--team")
        rotate = actions.add_parser("rotate", help="replace the secret by a new one that works")
        rotate.add_argument("name")
        rotate.add_argument("--team")
        rotate.add_argument("--secret-stdin", action="store_true", required=True)
        actions.add_parser(
            "rotate-keys", help="encrypt every stored secret with the first encryption key"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "rotate-keys":
            self._rotate_keys()
            return
        team = the_team(options["team"])
        if options["action"] == "add":
            self._add(team, options)
        elif options["action"] == "rotate":
            self._rotate(_named(team, options["name"]))
        else:
            self._test(_named(team, options["name"]))

    def _add(self, team: Team, options: dict[str, Any]) -> None:
        secret = _secret()
        fields = ("name", "org_id", "client_id", "scopes", "ims_url", "platform_url")
        try:
            row = services.save_credential(
                team=team, client_secret=secret, **{name: options[name] for name in fields}
            )
        except services.CredentialProblem as problem:
            raise CommandError(str(problem)) from problem
        audit.record("credential.added", by=COMMAND_LINE, team=team, obj=row)
        self.stdout.write(f"Credential “{row.name}” is saved.")
        try:
            names = [sandbox.name for sandbox in services.refresh_sandboxes(row)]
        except (AepError, Undecryptable) as error:
            self.stderr.write(f"It could not be tried yet: {error}")
        else:
            self.stdout.write(f"It reaches the sandboxes: {', '.join(names) or 'none'}.")

    def _test(self, row: Credential) -> None:
        result = services.test_credential(row)
        audit.record("credential.tested", by=COMMAND_LINE, team=row.team, obj=row, ok=result.ok)
        if not result.ok:
            row.refresh_from_db()
            raise CommandError(row.last_error)
        for sandbox in result.sandboxes:
            lacking = result.missing.get(sandbox.name)
            note = f" – lacks {', '.join(lacking)}" if lacking else ""
            self.stdout.write(f"{sandbox.name} ({sandbox.type}){note}")

    def _rotate(self, row: Credential) -> None:
        try:
            services.replace_secret(row, _secret())
        except AepError as error:
            raise CommandError(f"{error} The stored secret stays in use.") from error
        audit.record("credential.secret_replaced", by=COMMAND_LINE, team=row.team, obj=row)
        self.stdout.write(f"“{row.name}” uses the new secret. Delete the old one at Adobe.")

    def _rotate_keys(self) -> None:
        try:
            count = services.rotate_keys()
        except Undecryptable as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        audit.record("secrets.rotated", by=COMMAND_LINE, count=count)
        self.stdout.write(f"{count} secrets are encrypted with the first key now.")


def _secret() -> str:
    """All of standard input, less one final newline. Raises CommandError."""
    found = sys.stdin.read().removesuffix("\n")
    if not found:
        raise CommandError("Standard input held no secret.")
    return found


def _named(team: Team, name: str) -> Credential:
    """Raises CommandError."""
    row = Credential.objects.filter(team=team, name=name).first()
    if row is None:
        raise CommandError(f"The team has no credential named “{name}”.")
    return row
