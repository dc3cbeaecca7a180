"""``manage.py runs sync``: one polling cycle, without broker or worker."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from flowsite.credentials.models import Credential, Sandbox
from flowsite.people.command_line import the_team
from flowsite.runs import services
from flowsite.runs.poller import poll_once


class Command(BaseCommand):
    help = "Reads dataflows and runs from Experience Platform."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        sync = actions.add_parser("sync", help="one polling cycle; prints what changed as JSON")
        sync.add_argument("--credential", help="only through this credential")
        sync.add_argument("--sandbox", help="only this sandbox")
        sync.add_argument("--team")
        rebuild = actions.add_parser("rebuild", help="compute all roll-ups anew from the runs")
        rebuild.add_argument("--sandbox", help="only this sandbox")
        rebuild.add_argument("--team")

    def handle(self, *args: Any, **options: Any) -> None:
        sandboxes = self._sandboxes(options)
        if options["action"] == "rebuild":
            for sandbox in sandboxes:
                count = services.rebuild(sandbox)
                self.stdout.write(f"{sandbox}: {count} dataflows")
            return
        reports = [self._sync(sandbox, options["credential_row"]) for sandbox in sandboxes]
        self.stdout.write(json.dumps(reports, indent=2))
        failed = [report for report in reports if report["error"]]
        if failed:
            raise CommandError("; ".join(f"{one['sandbox']}: {one['error']}" for one in failed))

    def _sync(self, sandbox: Sandbox, credential: Credential | None) -> dict[str, Any]:
        report = poll_once(sandbox, credential=credential)
        if report is None:
            text = "Another process is polling this sandbox; try again in a minute."
            return {"sandbox": sandbox.name, "error": text}
        found = report.as_dict()
        if report.error:
            found["error"] = report.error["message"]
        return found

    def _sandboxes(self, options: dict[str, Any]) -> list[Sandbox]:
        rows = Sandbox.objects.filter(state__iexact="active", sandboxaccess__isnull=False)
        options["credential_row"] = None
        if name := options.get("credential"):
            credential = Credential.objects.filter(team=the_team(options["team"]), name=name)
            options["credential_row"] = credential.first()
            if options["credential_row"] is None:
                raise CommandError(f"The team has no credential named “{name}”.")
            rows = rows.filter(credentials=options["credential_row"])
        elif options.get("team"):
            rows = rows.filter(credentials__team=the_team(options["team"]))
        if name := options.get("sandbox"):
            rows = rows.filter(name=name)
        found = list(rows.distinct().order_by("organisation__org_id", "name"))
        if not found:
            raise CommandError(
                "No credential reaches such a sandbox. Try: manage.py credential test NAME"
            )
        return found
