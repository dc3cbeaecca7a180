"""The fault campaign: every kind of mishap at every call, with real processes.

    python bench/faults.py [--combinations 500] [--seed 1] [--lanes 4]

Each combination is one submission and one mishap. It must end published by itself, or stopped with
a truthful account: no object of AEP twice, none that is not listed. Several lanes run side by side,
each against an emulator of its own; they share database, broker and worker, so that a worker that
is killed takes the neighbours' work with it.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import signal
import sqlite3
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import redis as redis_client
import stage  # first: it sets the environment and Django up
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from flowsite.credentials.models import SandboxAccess, SourceAccount
from flowsite.credentials.services import find_access, save_credential
from flowsite.definitions import yamlform
from flowsite.definitions.sources import source_by_slug
from flowsite.demo.seed import seed_people
from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.runs.models import Dataflow
from flowsite.submissions import selectors, services
from flowsite.submissions.models import ACTIVE, Submission, SubmissionState

CANARY = "canary-8c1f0e"
DEATHS = stage.DATA / "deaths"
#: A submission that has not come to a stop after that is a failure.
LONGEST_S = 120
STEPS = {
    "connection": "/connections$",
    "field_group": "/tenant/fieldgroups$",
    "schema": "/tenant/schemas$",
    "descriptor": "/tenant/descriptors$",
    "dataset": "/dataSets$",
    "validate_mapping": "/mappingSets/validate$",
    "source_connection": "/sourceConnections$",
    "target_connection": "/targetConnections$",
    "mapping_set": "/mappingSets$",
    "flow": "/flows$",
}
HTTP: dict[str, dict[str, Any]] = {
    "cut before": {"kind": "drop"},
    "cut after commit": {"kind": "drop", "committed": True},
    "500": {"kind": "status", "status": 500},
    "503 after commit": {"kind": "status", "status": 503, "committed": True},
    "504 after commit": {"kind": "status", "status": 504, "committed": True},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": "1"},
    "400": {"kind": "status", "status": 400},
    "malformed answer": {"kind": "malformed", "committed": True},
    "token death": {"kind": "token_death", "times": 2},
}
KILLS = {
    "SIGKILL before sending": "unsent",
    "SIGKILL while sending": "in-flight",
    "SIGKILL after the answer": "unsaved",
    "SIGKILL of the whole worker": "worker",
}
OTHERS = ("broker flushed", "database gone for a moment", "SIGTERM of the worker")
MISHAPS = (*HTTP, *KILLS, *OTHERS)
DOCUMENT = """
version: 1
name: {name}
account: {{source: paypal, name: PayPal EU}}
data: {{table: PayPal.Catalog_Products, columns: all}}
dataset:
  new:
    name: {name}
    schema: {{propose: profile, identity: {{column: Product_Id, namespace: ProductID}}}}
mapping: suggested
schedule: {{frequency: hour, interval: 1, start: {start}, load_incremental_by: Create_Time}}
"""


@dataclass
class Lane:
    """An emulator and the way to it."""

    name: str
    url: str
    access: SandboxAccess

    def order(self, fault: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_emulator/faults", json=fault).raise_for_status()

    def clear(self) -> bool:
        """Forgets the orders; whether each of them had its effect."""
        faults = httpx.get(f"{self.url}/_emulator/faults").json()["faults"]
        httpx.delete(f"{self.url}/_emulator/faults")
        return all(fault["hit"] for fault in faults)

    def objects(self, key: str) -> dict[str, list[str]]:
        """What carries the key, by kind, read from the emulator's own file."""
        with sqlite3.connect(f"file:{stage.DATA / self.name}.db?mode=ro", uri=True) as file:
            rows = file.execute(
                "SELECT kind, body FROM objects WHERE instr(body, ?) > 0", [key]
            ).fetchall()
        found: dict[str, list[str]] = defaultdict(list)
        for kind, body in rows:
            one = json.loads(body)
            if kind != "mappingVersion":
                found[kind].append(str(one.get("id") or one.get("$id") or ""))
        return found


@dataclass
class Tally:
    """The outcomes of one kind of mishap."""

    published: int = 0
    stopped: int = 0
    took_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Campaign:
    def __init__(self, processes: stage.Processes, lanes: list[Lane], people: list[User]) -> None:
        self.processes, self.lanes = processes, lanes
        self.user, self.admin = people[0], people[-1]
        self.tallies: dict[str, Tally] = {mishap: Tally() for mishap in MISHAPS}
        self.work: queue.Queue[tuple[int, str, str]] = queue.Queue()

    def run(self, combinations: Iterator[tuple[str, str]]) -> None:
        for number, (step, mishap) in enumerate(combinations):
            self.work.put((number, step, mishap))
        threads = [threading.Thread(target=self._lane, args=[lane]) for lane in self.lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _lane(self, lane: Lane) -> None:
        while True:
            try:
                number, step, mishap = self.work.get_nowait()
            except queue.Empty:
                connections.close_all()
                return
            began = time.monotonic()
            problem = self._one(lane, number, step, mishap)
            tally = self.tallies[mishap]
            tally.took_s.append(time.monotonic() - began)
            if problem:
                tally.failures.append(f"{step}: {problem}")
                print(f"  {mishap} at {step}: {problem}", flush=True)
            elif number % 50 == 0:
                print(f"  {number} done", flush=True)

    def _one(self, lane: Lane, number: int, step: str, mishap: str) -> str:
        key = services.new_key()
        lane.clear()
        if mishap in HTTP:
            lane.order({"method": "POST", "path": STEPS[step], "times": 1, **HTTP[mishap]})
        elif mishap in KILLS:
            (DEATHS / f"{key}.{KILLS[mishap]}.{step}").touch()
        submission = self._submit(lane, number, step, key)
        if mishap in OTHERS:
            self._disturb(mishap, number)
        state = until_it_stops(submission)
        if not lane.clear() or list(DEATHS.glob(f"{key}.*")):
            return f"the mishap did not happen: {state} {selectors.failure_of(submission)}"
        if state in ACTIVE:
            return f"submission {submission.pk} does not come to a stop"
        wrong = untrue(lane, submission)
        if wrong:
            return wrong
        tally = self.tallies[mishap]
        if state == SubmissionState.PUBLISHED:
            tally.published += 1
            return ""
        tally.stopped += 1
        return "" if mishap == "400" else f"stopped: {selectors.failure_of(submission)}"

    def _submit(self, lane: Lane, number: int, step: str, key: str) -> Submission:
        if step == "connection":
            return services.submit_account(
                lane.access,
                self.user,
                source=source_by_slug("paypal"),
                name=f"Account {number}",
                description=None,
                auth_spec="Client-Id-Secret Based Authentication",
                params={"host": "api.paypal.example", "clientId": "client"},
                secrets={"clientSecret": CANARY},
                key=key,
            )
        start = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
        return services.submit_definition(
            yamlform.load(DOCUMENT.format(name=f"Campaign {number}", start=start)),
            team=lane.access.credential.team,
            credential=lane.access.credential,
            sandbox=lane.access.sandbox,
            key=key,
            user=self.user,
        )

    def _disturb(self, mishap: str, number: int) -> None:
        time.sleep((number % 7) * 0.1)
        if mishap == "broker flushed":
            url = settings.CELERY_BROKER_URL.replace("redis+socket", "unix")
            redis_client.Redis.from_url(url.replace("virtual_host", "db")).flushall()
        elif mishap == "SIGTERM of the worker":
            os.kill(self.processes.pid("worker"), signal.SIGTERM)
        else:
            take_the_database_away()


def take_the_database_away() -> None:
    """PostgreSQL: every other connection is cut. SQLite: nobody else can write for a second."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'mortal'"
            )
            return
        cursor.execute("BEGIN IMMEDIATE")
        time.sleep(1)
        cursor.execute("ROLLBACK")


def until_it_stops(submission: Submission) -> str:
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        submission.refresh_from_db()
        if submission.state not in ACTIVE:
            break
        time.sleep(0.1)
    return submission.state


def untrue(lane: Lane, submission: Submission) -> str:
    """What is wrong with the account that the submission gives; empty if nothing is."""
    there = lane.objects(submission.key)
    if twice := {kind: ids for kind, ids in there.items() if len(ids) > 1}:
        return f"DUPLICATE {twice}"
    listed = {one.id for one in selectors.created_objects(submission)}
    if missing := {one for ids in there.values() for one in ids if one} - listed:
        return f"UNLISTED {missing}"
    if submission.state == SubmissionState.PUBLISHED and not there:
        return "published, and nothing is there"
    return ""


def combinations(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Every step with every mishap first, then more of them at random."""
    chance = random.Random(seed)
    every = [(step, mishap) for step in STEPS for mishap in MISHAPS]
    chance.shuffle(every)
    for number in range(count):
        yield every[number] if number < len(every) else chance.choice(every)


def canary_hits() -> list[str]:
    """Where a secret can be read: files of the data folder, and every table."""
    found = [
        str(path.relative_to(stage.DATA))
        for path in stage.DATA.rglob("*")
        if path.is_file()
        and CANARY.encode() in path.read_bytes()
        # The emulator plays the part of AEP, which is given the secret.
        and not path.name.startswith("emulator")
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            if any(CANARY in str(row) for row in cursor.fetchall()):
                found.append(f"table {table}")
    return found


def pages_with_canary(admin: User) -> list[str]:
    """Pages about the campaign that show the secret, as somebody sees them who may see all."""
    call_command("collectstatic", verbosity=0, interactive=False)
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(admin)
    names = ("board", "runs", "work", "dataflows", "accounts", "accounts-list", "drafts", "audit")
    names += ("audit-export", "credentials", "account-health", "health", "board-export", "home")
    places = [reverse(name) for name in names]
    for model, of_a_row in (
        (Submission, ("submission", "submission-curl")),
        (Dataflow, ("dataflow", "dataflow-export")),
        (SourceAccount, ("account-detail",)),
        (Draft, ("draft-resume", "draft-export")),
    ):
        for pk in model.objects.values_list("pk", flat=True):
            places += [reverse(name, args=[pk]) for name in of_a_row]
    found, seen = [], 0
    for place in places:
        answer = browser.get(place, follow=True)
        seen += answer.status_code == 200
        if CANARY.encode() in answer.getvalue():
            found.append(f"page {place}")
    print(f"{seen} of {len(places)} pages searched for the secret")
    return found if seen > len(places) / 2 else [*found, "hardly a page could be read"]


def show(campaign: Campaign, took_s: float) -> bool:
    print(
        f"\n{'mishap':30} {'runs':>5} {'published':>10} {'stopped':>8} {'wrong':>6} {'median':>8}"
    )
    for mishap, tally in campaign.tallies.items():
        runs = len(tally.took_s)
        median = statistics.median(tally.took_s) if tally.took_s else 0
        print(
            f"{mishap:30} {runs:5} {tally.published:10} {tally.stopped:8}"
            f" {len(tally.failures):6} {median:6.1f} s"
        )
    total = sum(len(tally.took_s) for tally in campaign.tallies.values())
    wrong = [one for tally in campaign.tallies.values() for one in tally.failures]
    hits = canary_hits() + pages_with_canary(campaign.admin)
    print(
        f"\n{total} combinations on {connection.vendor} in {took_s:.0f} s, "
        f"{campaign.processes.restarts} workers started again, {len(wrong)} wrong, "
        f"duplicates {sum('DUPLICATE' in one for one in wrong)}, "
        f"unlisted {sum('UNLISTED' in one for one in wrong)}, secrets found {hits or 0}"
    )
    return not wrong and not hits


def lanes_of(processes: stage.Processes, count: int) -> list[Lane]:
    lanes = []
    team = stage.setting.make_database()
    for number in range(count):
        name = f"emulator-{number}"
        url = processes.start_emulator(name, "--latency-s", "0.03", "--list-delay-s", "0.15")
        credential = save_credential(
            team=team,
            name=name,
            org_id="ACME@AdobeOrg",
            client_id="demo-client",
            client_secret="demo-secret",
            scopes="openid",
            ims_url=url,
            platform_url=url,
        )
        lanes.append(Lane(name, url, find_access(credential, "dev")))
    return lanes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--combinations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=4)
    options = parser.parse_args()
    DEATHS.mkdir()
    began = time.monotonic()
    with stage.Processes() as processes:
        processes.start_broker()
        lanes = lanes_of(processes, options.lanes)
        people = seed_people(lanes[0].access.credential.team)
        stage.be_mortal(DEATHS)
        processes.start_worker("worker", app="mortal", concurrency=options.lanes)
        processes.start_beat()
        campaign = Campaign(processes, lanes, people)
        campaign.run(combinations(options.combinations, options.seed))
        ok = show(campaign, time.monotonic() - began)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
