"""``manage.py dataflow example|schema|plan|apply|export|orphans``: dataflows without a browser.

Needs the database only. ``apply`` carries the submission out in its own process.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import Credential, SandboxAccess
from flowsite.credentials.services import CredentialProblem, find_access
from flowsite.definitions import yamlform
from flowsite.definitions.examples import example
from flowsite.definitions.model import DataflowDefinition, PartialDefinition
from flowsite.definitions.problems import DefinitionError, Problem, errors_of
from flowsite.drafts.models import Draft
from flowsite.people import audit
from flowsite.people.models import Team
from flowsite.planning.build import build_plan
from flowsite.planning.plan import SubmissionPlan
from flowsite.planning.preview import curl, words
from flowsite.runs.models import Dataflow
from flowsite.submissions import preflight, selectors, services
from flowsite.submissions.models import Submission, SubmissionState
from flowsite.submissions.orphans import find_orphans, words_of
from flowsite.submissions.resolve import Unresolved, place_of, resolve

#: What a person can mend; its text goes to standard error and the command ends with 1.
MENDABLE = (
    AepError,
    CredentialProblem,
    DefinitionError,
    Undecryptable,
    Unresolved,
    services.SubmissionRefused,
)


class Command(BaseCommand):
    help = "Dataflows as files: print an example, plan, apply, export."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        shown = actions.add_parser("example", help="print a commented file to start from")
        shown.add_argument("--source", required=True, help="a source's slug, such as paypal")
        plan = actions.add_parser("plan", help="check a file against AEP; stores nothing there")
        plan.add_argument("file", help="a YAML file, or - for standard input")
        plan.add_argument("--credential", required=True)
        plan.add_argument("--sandbox", required=True)
        plan.add_argument("--format", choices=["words", "curl", "json"], default="words")
        apply = actions.add_parser("apply", help="create the dataflow, to the end")
        apply.add_argument("file", nargs="?", help="a YAML file, or - for standard input")
        apply.add_argument("--credential")
        apply.add_argument("--sandbox")
        apply.add_argument("--production", default="", metavar="NAME", help="repeat its name")
        apply.add_argument("--again", action="store_true", help="though the name is in use")
        apply.add_argument("--resume", type=int, metavar="SUBMISSION")
        actions.add_parser("schema", help="print the JSON Schema of the file")
        lost = actions.add_parser("orphans", help="list what carries our keys and is of no use")
        lost.add_argument("--credential", required=True)
        lost.add_argument("--sandbox", required=True)
        lost.add_argument("--production", default="", metavar="NAME", help="repeat its name")
        lost.add_argument("--remove", nargs="+", metavar="ID", help="delete these")
        export = actions.add_parser("export", help="print a draft or dataflow as a file")
        export.add_argument("what", help="draft:ID, dataflow:ID or a flow's UUID")
        for action in (shown, plan, apply, export, lost):
            action.add_argument("--team", help="needed only when there are several")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except MENDABLE as error:
            raise CommandError(str(error)) from error

    def _example(self, options: dict[str, Any]) -> None:
        soon = timezone.now() + timedelta(hours=1, minutes=10)
        start = soon.replace(minute=0, second=0, microsecond=0)
        self.stdout.write(example(options["source"], start), ending="")

    def _schema(self, options: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(yamlform.json_schema(), indent=2, ensure_ascii=False))

    def _plan(self, options: dict[str, Any]) -> None:
        team = the_team(options["team"])
        definition = read_definition(options["file"])
        access = access_of(team, options["credential"], options["sandbox"])
        key = services.new_key()
        with open_platform(access.credential, access.sandbox) as platform:
            place = place_of(access.credential, access.sandbox)
            facts = resolve(definition, platform, place=place)
            problems = preflight.findings(definition, facts, platform)
        self._warn(problems)
        if blocking := errors_of(problems):
            raise Unresolved(blocking)
        plan = build_plan(definition, facts, key)
        audit.record(
            "dataflow.planned",
            actor=services.COMMAND_LINE,
            team=team,
            object_type="definition",
            object_name=definition.name,
            sandbox=access.sandbox.name,
        )
        self.stdout.write(printed(plan, options["format"]), ending="")

    def _apply(self, options: dict[str, Any]) -> None:
        team = the_team(options["team"])
        submission = self._resumed(team, options) if options["resume"] else None
        submission = submission or self._begun(team, options)
        services.run_in_process(submission)
        why = selectors.failure_of(submission)
        if submission.state == SubmissionState.NEEDS_ATTENTION and not submission.steps.exists():
            # Nothing was created, so there is nothing to go on with: a mended file begins anew.
            services.run_in_process(services.cancel(submission, wake=False))
        result = {
            "submission": submission.pk,
            "state": submission.state,
            "dataflow": submission.dataflow.flow_id if submission.dataflow else None,
            "created": {
                row.key: row.result["id"] for row in submission.steps.all() if row.result.get("id")
            },
        }
        self.stdout.write(json.dumps(result, indent=2, ensure_ascii=False))
        self._warn([Problem(**one) for one in submission.problems])
        if submission.state != SubmissionState.PUBLISHED:
            raise CommandError(unfinished(submission, why))

    def _begun(self, team: Team, options: dict[str, Any]) -> Submission:
        if not (options["file"] and options["credential"] and options["sandbox"]):
            raise CommandError("Give FILE, --credential and --sandbox, or --resume SUBMISSION.")
        definition = read_definition(options["file"])
        access = access_of(team, options["credential"], options["sandbox"])
        return services.submit_definition(
            definition,
            team=team,
            credential=access.credential,
            sandbox=access.sandbox,
            key=services.new_key(),
            production_name=options["production"],
            again=options["again"],
            wake=False,
        )

    def _resumed(self, team: Team, options: dict[str, Any]) -> Submission:
        submission = Submission.objects.filter(team=team, pk=options["resume"]).first()
        if submission is None:
            raise CommandError(f"The team has no submission {options['resume']}.")
        services.check_production(submission.sandbox, options["production"], None)
        definition = read_definition(options["file"]) if options["file"] else None
        if submission.state == SubmissionState.SUBMITTING:
            return submission
        return services.resume(submission, definition=definition, wake=False)

    def _export(self, options: dict[str, Any]) -> None:
        team = the_team(options["team"])
        definition, name = exported(team, options["what"])
        audit.record(
            "dataflow.exported",
            actor=services.COMMAND_LINE,
            team=team,
            object_type="definition",
            object_id=options["what"],
            object_name=name,
        )
        self.stdout.write(yamlform.dump(definition), ending="")

    def _orphans(self, options: dict[str, Any]) -> None:
        access = access_of(the_team(options["team"]), options["credential"], options["sandbox"])
        if options["remove"]:
            services.check_production(access.sandbox, options["production"], None)
            submission = services.submit_cleanup(
                access, options["remove"], user=None, key=services.new_key(), wake=False
            )
            services.run_in_process(submission)
            if submission.state != SubmissionState.PUBLISHED:
                raise CommandError(selectors.failure_of(submission) or "It was interrupted.")
        with open_platform(access.credential, access.sandbox) as platform:
            found = [
                {
                    "kind": str(words_of(one)),
                    "id": one.id,
                    "name": one.name,
                    "submission": one.submission_id,
                    "kept_because": str(one.why_not) or None,
                }
                for one in find_orphans(platform, access.sandbox)
            ]
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))

    def _warn(self, problems: list[Problem]) -> None:
        for problem in problems:
            if not problem.blocks:
                self.stderr.write(f"Warning: {problem.message}")


def the_team(name: str | None) -> Team:
    """The named team, or the only one."""
    rows = Team.objects.filter(name=name) if name else Team.objects.all()
    found = list(rows[:2])
    if len(found) == 1:
        return found[0]
    names = ", ".join(Team.objects.values_list("name", flat=True))
    wrong = f"There is no team named “{name}”." if name else "There are several teams."
    raise CommandError(f"{wrong} Name one with --team: {names}.")


def access_of(team: Team, credential: str, sandbox: str) -> SandboxAccess:
    """The credential's way into the sandbox. Raises CredentialProblem, AepError."""
    row = Credential.objects.filter(team=team, name=credential).first()
    if row is None:
        names = ", ".join(Credential.objects.filter(team=team).values_list("name", flat=True))
        raise CommandError(
            f"The team has no credential named “{credential}”. It has: {names or 'none'}."
        )
    return find_access(row, sandbox)


def read_definition(name: str) -> DataflowDefinition:
    """The definition in a file. Raises DefinitionError."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise CommandError(f"“{name}” can't be read: {reason}.") from error
    return yamlform.load(text)


def printed(plan: SubmissionPlan, how: str) -> str:
    """The plan in words, as a shell script, or as JSON."""
    if how == "curl":
        return curl(plan)
    if how == "json":
        return json.dumps(plan.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    spoken = words(plan)
    lines = []
    for group in spoken.groups:
        lines += [group.title, *(f"  {line.label}: {line.value}" for line in group.lines), ""]
    lines.append("Requests")
    lines += [f"  {one.method} {one.path}  {one.title}" for one in spoken.requests]
    return "\n".join(lines) + "\n"


def exported(team: Team, what: str) -> tuple[PartialDefinition, str]:
    """The definition behind ``draft:ID``, ``dataflow:ID`` or a flow's UUID, and its name."""
    kind, _, number = what.partition(":")
    if kind == "draft" and number.isdecimal():
        draft = Draft.objects.filter(team=team, deleted_at=None, pk=int(number)).first()
        if draft is not None:
            return PartialDefinition.model_validate(draft.definition), draft.name
        raise CommandError(f"The team has no draft {number}.")
    rows = Dataflow.objects.filter(Q(team=team) | Q(team=None))
    if kind == "dataflow" and number.isdecimal():
        found = rows.filter(pk=int(number)).first()
    elif _is_uuid(what):
        found = rows.filter(flow_id=what.lower()).first()
    else:
        raise CommandError(f"“{what}” is neither draft:ID, dataflow:ID nor a flow's UUID.")
    if found is None:
        raise CommandError(f"The team has no dataflow {number or what}.")
    if not found.definition:
        raise CommandError(f"“{found.name}” was not made by Flowsite, so it has no definition.")
    return PartialDefinition.model_validate(found.definition), found.name


def unfinished(submission: Submission, why: str) -> str:
    """Why it is not published, and how to go on."""
    if submission.state == SubmissionState.SUBMITTING:
        why = "It was interrupted."
    elif submission.state == SubmissionState.CANCELLED and not submission.steps.exists():
        return why
    return f"{why} Continue with: dataflow apply --resume {submission.pk}"


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
