"""Server time of each page of the wizard with 300 columns and 430 target fields, AEP left out.

    python bench/wizard.py [--rounds 40]

What AEP says is read once before; the pages are then made from what is kept, through all
middleware, in this process, from SQLite. Judged is the time the processor spent on them, because
the other grows with whatever else the machine does. Exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import setting
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from flowsite.credentials.models import SandboxAccess, SourceAccount
from flowsite.definitions.model import PartialDefinition
from flowsite.demo.seed import seed_people
from flowsite.drafts.models import Draft
from flowsite.drafts.services import create_draft
from flowsite.people.models import User
from flowsite.wizard.accounts import refresh_accounts
from flowsite.wizard.lookups import Lookups

STEPS = ("account", "data", "dataset", "mapping", "schedule", "review")
P95_MS, FIRST_LOAD_KB, MAPPING_KB = 60.0, 120.0, 300.0


class Measured(NamedTuple):
    """Milliseconds and bytes of one page. CPU time counts even while others use the machine."""

    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    cpu_p95_ms: float
    queries: int
    size: int
    sent: int
    body: str


def a_wide_draft(access: SandboxAccess, user: User) -> Draft:
    """300 columns into a schema of 430 fields, all columns mapped."""
    refresh_accounts(access.credential, access.sandbox)
    account = SourceAccount.objects.get(sandbox=access.sandbox, name="PayPal EU")
    lookups = Lookups.of_access(access)
    schema_id = next(one.schema_id for one in lookups.datasets() if one.name == "Customer 360")
    fields = lookups.schema(schema_id).fields
    columns = [f"column_{number:03d}" for number in range(1, 299)]
    targets = [field.path for field in fields if field.type != "object" and not field.required]
    rows = [{"source": a, "target": b} for a, b in zip(columns, targets, strict=False)]
    print(f"{len(rows)} rows, {len(columns) + 2} columns, {len(fields)} target fields")
    document: dict[str, Any] = {
        "version": 1,
        "name": "Wide",
        "account": {"source": "paypal", "id": account.connection_id, "name": account.name},
        "data": {"table": "hostile.wide", "columns": "all"},
        "dataset": {"existing": {"name": "Customer 360"}},
        "mapping": rows,
        "schedule": {
            "frequency": "hour",
            "interval": 1,
            "start": datetime.now(UTC) + timedelta(hours=1),
            "load_incremental_by": "changed",
        },
    }
    return create_draft(
        team=access.credential.team,
        owner=user,
        sandbox_id=access.sandbox_id,
        credential_id=access.credential_id,
        definition=PartialDefinition.model_validate(document),
    )


def measure(client: Client, address: str, rounds: int) -> Measured:
    """``address`` again and again; the first answers only warm templates."""
    for _ in range(3):
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
    queries: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        client.get(address)
    times, work = [], []
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.thread_time()
        answer = client.get(address)
        times.append((time.perf_counter() - began) * 1000)
        work.append((time.thread_time() - worked) * 1000)
    whole = gzip.decompress(answer.content) if answer.has_header("Content-Encoding") else None
    body = whole if whole is not None else answer.content
    return Measured(
        statistics.median(times),
        statistics.quantiles(times, n=20)[-1],
        statistics.median(work),
        statistics.quantiles(work, n=20)[-1],
        len(queries),
        len(body),
        len(answer.content),
        body.decode(),
    )


def static_bytes(page: str) -> int:
    """The styles and scripts that the page names, compressed as they are sent."""
    total = 0
    for name in sorted(set(re.findall(r'(?:src|href)="/static/([^"?]+)', page))):
        path = Path(settings.STATIC_ROOT) / name
        packed = path.with_name(path.name + ".gz")
        total += (packed if packed.exists() else path).stat().st_size
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    team = setting.make_database()
    call_command("collectstatic", verbosity=0, interactive=False)
    user = seed_people(team)[0]
    client = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_ENCODING="gzip")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    with setting.emulator(0, "--hostile") as url:
        draft = a_wide_draft(setting.access_to(team, url), user)
        base = f"/drafts/{draft.pk}"
        # Reads both sides, the datasets and the schemas once.
        for part in ("mapping/editor/", "dataset/datasets/", "dataset/schemas/"):
            client.get(f"{base}/{part}")
        found = {step: measure(client, f"{base}/{step}/", rounds) for step in STEPS}
    sys.exit(1 if report(found, measure(client, "/health/live", rounds)) else 0)


def report(found: dict[str, Measured], bare: Measured) -> list[str]:
    """Prints the table and returns what misses its target."""
    print(
        f"A bare view through the same middleware: p50 {bare.p50_ms:.1f} ms,"
        f" of CPU time {bare.cpu_p50_ms:.1f} ms"
    )
    print(
        "step       p50 ms  p95 ms  cpu p50  cpu p95  × bare"
        "  queries  page kB  gzip kB  first load kB"
    )
    missed = []
    for step, one in found.items():
        first_kb = (one.sent + static_bytes(one.body)) / 1000
        print(
            f"{step:9} {one.p50_ms:7.1f} {one.p95_ms:7.1f} {one.cpu_p50_ms:8.1f}"
            f" {one.cpu_p95_ms:8.1f} {one.cpu_p50_ms / bare.cpu_p50_ms:7.1f}"
            f" {one.queries:8} {one.size / 1000:8.1f} {one.sent / 1000:8.1f} {first_kb:14.1f}"
        )
        if one.cpu_p95_ms > P95_MS:
            missed.append(f"{step}: CPU p95 above {P95_MS:.0f} ms")
        if first_kb > FIRST_LOAD_KB:
            missed.append(f"{step}: first load above {FIRST_LOAD_KB:.0f} kB")
        if one.size / 1000 > MAPPING_KB:
            missed.append(f"{step}: page above {MAPPING_KB:.0f} kB")
    print("\n".join(missed) or "Every target is met.")
    return missed


if __name__ == "__main__":
    main()
