"""Many submissions through real workers: one draft clicked often, and many at the same time.

    python bench/load.py [--submissions 200] [--workers 2] [--clicks 50] [--latency-ms 150]

With PostgreSQL and Redis: python tests/with_services.py python bench/load.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

# The real times: nothing goes wrong here, and short leases would show under load only.
TIMES = {"LEASE_S": "45", "LEASE_RENEW_S": "10", "QUIET_TIME_S": "15", "CREATE_LIMIT_S": "60"}
for _name, _value in {**TIMES, "TASK_BUDGET_S": "120", "SWEEP_S": "10"}.items():
    os.environ.setdefault(f"FLOWSITE_{_name}", _value)

import httpx  # noqa: E402
import stage  # noqa: E402 -- sets Django up
from creation import critical_path_s  # noqa: E402
from django.db import connection, connections  # noqa: E402

from flowsite.credentials.models import SandboxAccess  # noqa: E402
from flowsite.definitions import yamlform  # noqa: E402
from flowsite.demo.seed import seed_people  # noqa: E402
from flowsite.drafts.models import Draft  # noqa: E402
from flowsite.people.models import User  # noqa: E402
from flowsite.submissions import services  # noqa: E402
from flowsite.submissions.models import ACTIVE, Submission, SubmissionState  # noqa: E402

DOCUMENT = """
version: 1
name: {name}
account: {{source: paypal, name: PayPal EU}}
data: {{table: PayPal.Catalog_Products, columns: all}}
dataset: {{existing: {{name: PayPal products}}}}
mapping: suggested
schedule: {{frequency: hour, interval: 1, start: {start}, load_incremental_by: Create_Time}}
"""


def document(name: str) -> Any:
    start = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    return yamlform.load(DOCUMENT.format(name=name, start=start))


def click_often(access: SandboxAccess, user: User, clicks: int) -> None:
    """Many people press Finish on the same draft."""
    draft = Draft.objects.create(
        team=access.credential.team,
        owner=user,
        sandbox=access.sandbox,
        credential=access.credential,
        definition=document("Clicked").model_dump(mode="json", exclude_none=True),
    )
    found: set[int] = set()

    def click() -> None:
        try:
            found.add(services.submit_draft(draft, user=user, key=services.new_key()).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(clicks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until_done(120)
    flows = Submission.objects.filter(draft=draft, state=SubmissionState.PUBLISHED).count()
    print(f"{clicks} clicks on one draft: {len(found)} submission, {flows} dataflow")
    assert (len(found), flows) == (1, 1)


def submit_many(access: SandboxAccess, user: User, count: int, url: str) -> None:
    before = calls_of(url)
    began = time.monotonic()
    for number in range(count):
        services.submit_definition(
            document(f"Load {number}"),
            team=access.credential.team,
            credential=access.credential,
            sandbox=access.sandbox,
            key=services.new_key(),
            user=user,
        )
    submitted_s = time.monotonic() - began
    wait_until_done(1200)
    took_s = time.monotonic() - began
    rows = list(Submission.objects.filter(name__startswith="Load ").prefetch_related("steps"))
    published = [row for row in rows if row.state == SubmissionState.PUBLISHED]
    calls = calls_of(url) - before
    print(
        f"{count} submissions: {len(published)} published in {took_s:.1f} s "
        f"({submitted_s:.1f} s to submit), {len(published) / took_s:.2f} a second, "
        f"{calls} calls, {calls / count:.1f} each, {calls / took_s:.1f} a second"
    )
    assert len(published) == count, {row.state for row in rows}
    ratios, waits = zip(*(times_of(row) for row in published), strict=True)
    print(
        f"creates beside their critical path: median {statistics.median(ratios):.2f}, "
        f"worst {max(ratios):.2f}; queueing and reading before: median "
        f"{statistics.median(waits):.1f} s, worst {max(waits):.1f} s"
    )


def times_of(submission: Submission) -> tuple[float, float]:
    """Wall time of the creates as a multiple of the critical path, and the seconds before them."""
    steps = sorted(submission.steps.all(), key=lambda step: step.position)
    first = min(step.sent_at for step in steps)
    wall = max(step.ended_at for step in steps) - first
    before = first - submission.created_at
    return wall.total_seconds() / critical_path_s(steps), before.total_seconds()


def wait_until_done(within_s: float) -> None:
    stage.wait_for(
        lambda: not Submission.objects.filter(state__in=ACTIVE).exists(), "the work", within_s
    )


def calls_of(url: str) -> int:
    return int(httpx.get(f"{url}/_emulator/state").json()["calls"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clicks", type=int, default=50)
    parser.add_argument("--latency-ms", type=int, default=150)
    options = parser.parse_args()
    team = stage.setting.make_database()
    user = seed_people(team)[0]
    with stage.Processes() as processes:
        processes.start_broker()
        url = processes.start_emulator("emulator", "--latency-s", str(options.latency_ms / 1000))
        access = stage.setting.access_to(team, url)
        for number in range(options.workers):
            processes.start_worker(f"worker-{number}")
        processes.start_beat()
        print(f"{connection.vendor}, {options.workers} workers, {options.latency_ms} ms a call")
        click_often(access, user, options.clicks)
        alone(access, user)
        submit_many(access, user, options.submissions, url)
    return 0


def alone(access: SandboxAccess, user: User) -> None:
    """One submission and nothing else: what a person waits for."""
    submission = services.submit_definition(
        document("Alone"),
        team=access.credential.team,
        credential=access.credential,
        sandbox=access.sandbox,
        key=services.new_key(),
        user=user,
    )
    wait_until_done(60)
    submission.refresh_from_db()
    ratio, before_s = times_of(submission)
    whole = submission.finished_at - submission.created_at
    print(
        f"one alone: creates {ratio:.2f} of their critical path, queueing and reading before "
        f"{before_s:.2f} s, {whole.total_seconds():.2f} s in all"
    )


if __name__ == "__main__":
    sys.exit(main())
