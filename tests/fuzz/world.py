"""Two teams with all that a team can have. What belongs to the others carries ``CANARY``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from flowsite.core.encrypted import encrypt
from flowsite.credentials.models import (
    Credential,
    Organisation,
    Sandbox,
    SandboxAccess,
    SourceAccount,
)
from flowsite.drafts.models import Draft
from flowsite.people.models import Team, User
from flowsite.people.rights import Role
from flowsite.runs import ingest, services
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
from flowsite.submissions import services as submissions
from flowsite.wizard.accounts import refresh_accounts
from tests.conftest import EMULATOR_URL, make_user
from tests.runs.answers import PAYPAL, a_flow, a_run
from tests.submissions.conftest import definition, document

#: In every name of the other team's objects.
CANARY = "Xanadu-7f"
OWN_SECRET, OTHER_SECRET = "demo-secret", "globex-secret"
#: Route parameter → which object of a team it means, by the beginning of the URL.
KEYS = {
    "drafts": "draft",
    "submissions": "submission",
    "dataflows": "dataflow",
    "runs": "run",
    "accounts": "account",
    "credentials": "credential",
    "people": "user",
}


@dataclass
class Holdings:
    """The keys of one team's objects."""

    team: Team
    access: SandboxAccess
    keys: dict[str, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


def holdings(team: Team, owner: User, access: SandboxAccess, mark: str) -> Holdings:
    """Everything once: account, draft, batch, submission, dataflow, run."""
    made = Holdings(team, access)
    credential, sandbox = access.credential, access.sandbox
    body = document(name=f"{mark} draft", dataset={"existing": {"name": f"{mark} dataset"}})
    values = {"team": team, "owner": owner, "sandbox": sandbox, "credential": credential}
    draft = Draft.objects.create(**values, definition=body, batch=f"batch{team.pk}")
    submission = submissions.submit_definition(
        definition(name=f"{mark} submission"),
        team=team,
        credential=credential,
        sandbox=sandbox,
        key=f"{team.pk:016}",
        wake=False,
        user=owner,
    )
    dataflow, run = _dataflow(made, mark)
    made.keys = {
        "draft": draft.pk,
        "submission": submission.pk,
        "dataflow": dataflow.pk,
        "run": run.pk,
        "credential": credential.pk,
        "user": owner.pk,
        "team": team.pk,
        "sandbox": sandbox.pk,
    }
    made.texts = [draft.batch, dataflow.flow_id, run.run_id, submission.key]
    return made


def _dataflow(made: Holdings, mark: str) -> tuple[Dataflow, FlowRun]:
    now, sandbox = timezone.now().replace(microsecond=0), made.access.sandbox
    flow_id = f"flow-{made.team.pk}"
    flow = a_flow(flow_id, name=f"{mark} dataflow")
    ingest.ingest_flows(sandbox, [flow], now=now - timedelta(days=1))
    row = Dataflow.objects.get(flow_id=flow_id)
    named = {"account_name": f"{mark} account", "dataset_name": f"{mark} set"}
    Dataflow.objects.filter(pk=row.pk).update(named_at=now, **named)
    SandboxSync.objects.update(succeeded_at=now)
    services.adopt(row, made.team)
    for n, status in enumerate(("failed", "success", "inProgress")):
        ingest.ingest_runs(sandbox, [_run(flow_id, n, status, now)])
    return row, FlowRun.objects.filter(dataflow=row, state="failed").get()


def _run(flow_id: str, n: int, status: str, now: datetime) -> Any:
    minutes = None if status == "inProgress" else 1
    at = now - timedelta(hours=3 - n)
    return a_run(f"{flow_id}-{n}", flow_id=flow_id, at=at, status=status, minutes=minutes)


@dataclass
class World:
    """Who attacks, what is theirs and what is not."""

    people: dict[str, User | None]
    ours: Holdings
    others: Holdings

    def not_for(self, who: str) -> list[str]:
        """What must not be in any answer to this person."""
        names = {"stranger": ["Ours-7f"], "anonymous": [CANARY, "Ours-7f"]}
        return [OWN_SECRET, OTHER_SECRET, *names.get(who, [CANARY])]


def build() -> World:
    """Needs the ``emulator`` fixture; takes about a second."""
    ours, others = (Team.objects.get_or_create(name=n)[0] for n in ("Default", "Others"))
    people: dict[str, User | None] = {
        role.value: make_user(role.value, role, ours) for role in Role
    }
    people["stranger"] = make_user("stranger", Role.ANALYST, others)
    people["anonymous"] = None
    owners = people["analyst"], people["stranger"]
    assert owners[0] is not None
    assert owners[1] is not None
    first = _access(ours, "ACME@AdobeOrg", "demo-client", OWN_SECRET, "Ours-7f")
    second = _access(others, "GLOBEX@AdobeOrg", "globex-client", OTHER_SECRET, CANARY)
    world = World(
        people,
        holdings(ours, owners[0], first, "Ours-7f"),
        holdings(others, owners[1], second, CANARY),
    )
    refresh_accounts(first.credential, first.sandbox)
    world.ours.keys["account"] = first.sandbox.sourceaccount_set.order_by("pk")[0].pk
    world.others.keys["account"] = SourceAccount.objects.create(
        team=others,
        sandbox=second.sandbox,
        connection_id="account-of-others",
        name=f"{CANARY} account",
        connection_spec_id=PAYPAL,
    ).pk
    return world


def _access(team: Team, org: str, client: str, secret: str, mark: str) -> SandboxAccess:
    organisation = Organisation.objects.create(org_id=org)
    credential = Credential.objects.create(
        team=team,
        organisation=organisation,
        name=f"{mark} credential",
        client_id=client,
        client_secret=encrypt(secret),
        ims_url=EMULATOR_URL,
        platform_url=EMULATOR_URL,
    )
    sandbox = Sandbox.objects.create(
        organisation=organisation, name="dev", title=f"{mark} sandbox", type="development"
    )
    return SandboxAccess.objects.create(
        credential=credential, sandbox=sandbox, seen_at=timezone.now()
    )


# --- addresses -----------------------------------------------------------------------------------


def walk(patterns: list[Any], space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address of the URL configuration."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from walk(one.url_patterns, space)
        elif one.name:
            yield one.name, one


def addresses(held: Holdings) -> list[str]:
    """Every address with this team's objects in it, each kind of step and action once."""
    found = []
    for name, pattern in walk(get_resolver().url_patterns):
        for words in ("account", "data", "dataset", "mapping", "schedule", "review"), _ACTIONS:
            for word in words:
                values = {
                    key: _fill(key, held, str(pattern.pattern), word)
                    for key in pattern.pattern.converters
                }
                try:
                    found.append(reverse(name, kwargs=values))
                except NoReverseMatch:
                    continue
    return list(dict.fromkeys(found))


_ACTIONS = ("enable", "disable", "schedule", "run", "delete", "paypal", "stripe", "amazon-s3")


def _fill(key: str, held: Holdings, route: str, word: str) -> Any:
    if key == "pk":
        kind = "team" if "teams" in route else KEYS.get(route.partition("/")[0], "draft")
        return held.keys[kind]
    if key == "key":
        return held.texts[0]
    return {"person": held.keys["user"], "uidb64": "MQ", "token": "set-password"}.get(key, word)
