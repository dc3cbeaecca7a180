"""How long creating a dataflow takes, beside the critical path and one call after the other.

    python bench/creation.py [LATENCY_MS …]

Calls go over a socket to an emulator that answers each of them after the latency. The critical path
is the longest chain of dependent creates, each counted with the time its own call took.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import httpx
import setting  # first: it sets Django up

from flowsite.credentials.models import SandboxAccess
from flowsite.definitions import yamlform
from flowsite.submissions import services
from flowsite.submissions.models import Submission, SubmissionState, SubmissionStep

ROUNDS = 3
HEAD = """
version: 1
name: {name}
account: {{source: paypal, name: PayPal EU}}
data: {{table: PayPal.Catalog_Products, columns: all}}
mapping: {mapping}
schedule: {{frequency: hour, interval: 1, start: {start}, load_incremental_by: Create_Time}}
"""
NEW_SCHEMA = "dataset: {{new: {{name: '{name}', schema: {{propose: profile}}}}}}\n"
EXISTING = "dataset: {{existing: {{id: {dataset}}}}}\n"


def submit(access: SandboxAccess, text: str) -> Submission:
    """One dataflow, created in this process to its end."""
    submission = services.submit_definition(
        yamlform.load(text),
        team=access.credential.team,
        credential=access.credential,
        sandbox=access.sandbox,
        key=services.new_key(),
        wake=False,
    )
    submission = services.run_in_process(submission)
    assert submission.state == SubmissionState.PUBLISHED, submission.problems
    return submission


def calls_so_far(url: str) -> int:
    """How many calls the emulator has answered."""
    calls: int = httpx.get(f"{url}/_emulator/state").json()["calls"]
    return calls


def critical_path_s(steps: list[SubmissionStep]) -> float:
    """The longest chain of dependent calls, by the time each took."""
    ends: dict[str, float] = {}
    for step in steps:
        took = (step.ended_at - step.sent_at).total_seconds()
        ends[step.key] = took + max((ends[key] for key in step.planned["depends_on"]), default=0)
    return max(ends.values())


def measure(access: SandboxAccess, name: str, text: str, latency_s: float) -> None:
    rows = []
    for number in range(ROUNDS):
        start = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
        before = calls_so_far(access.credential.platform_url)
        submission = submit(access, text.format(name=f"{name} {number}", start=start))
        every = calls_so_far(access.credential.platform_url) - before - 1
        steps = list(submission.steps.order_by("position"))
        wall = max(s.ended_at for s in steps) - min(s.sent_at for s in steps)
        serial = sum((s.ended_at - s.sent_at).total_seconds() for s in steps)
        whole = submission.finished_at - submission.created_at
        path = critical_path_s(steps)
        rows.append((wall.total_seconds() / path, wall, path, serial, whole, len(steps), every))
    ratio, wall, path, serial, whole, creates, calls = sorted(rows)[len(rows) // 2]
    print(
        f"{name:17}{latency_s * 1000:4.0f} ms: {creates} creates, "
        f"wall {wall.total_seconds():.2f} s, "
        f"critical path {path:.2f} s, ratio {ratio:.2f}; one after the other {serial:.2f} s; "
        f"with the reading before {calls} calls, {whole.total_seconds():.2f} s"
    )


def main() -> None:
    team = setting.make_database()
    for latency_ms in [int(one) for one in sys.argv[1:]] or [20, 150]:
        latency_s = latency_ms / 1000
        with setting.emulator(latency_s) as url:
            access = setting.access_to(team, url)
            measure(
                access, "new schema", HEAD.replace("{mapping}", "suggested") + NEW_SCHEMA, latency_s
            )
            first = Submission.objects.filter(sandbox=access.sandbox).latest("pk")
            made = {step.key: step.result for step in first.steps.all()}
            existing = EXISTING.replace("{dataset}", made["dataset"]["id"])
            measure(
                access,
                "existing dataset",
                HEAD.replace("{mapping}", "suggested") + existing,
                latency_s,
            )


if __name__ == "__main__":
    main()
