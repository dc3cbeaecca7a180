"""Flow Service in memory, for what the emulator can't be asked: refusals, caps, dying."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.runs.answers import flow_body, ms, run_body

BASE = "/data/foundation/flowservice"


@dataclass
class Call:
    path: str
    filters: str


@dataclass
class Platform:
    """Runs are kept oldest first; a list is served by ``-createdAt``."""

    flows: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    page_size: int = 100
    longest_list: int = 1000
    capped: bool = False
    step: timedelta = timedelta(seconds=7)
    retry_after_s: int = 0
    skew: timedelta = timedelta(0)
    before_call: Callable[[], Any] | None = None
    death: int | None = None
    arriving: int = 0
    clock: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=20))

    # --- what happens there ----------------------------------------------------------------------

    def add_flows(self, count: int, *, source: bool = True) -> None:
        for _ in range(count):
            body = flow_body(f"flow-{len(self.flows):04}", updatedAt=self._now())
            body["createdAt"] = ms(datetime.now(UTC) - timedelta(days=3))
            body["inheritedAttributes"]["properties"] = {
                "isSourceFlow": source,
                "isDestinationFlow": not source,
            }
            self.flows.append(body)

    def add_runs(self, count: int, *, status: str = "success", flow: int | None = None) -> None:
        for n in range(count):
            self._now()
            chosen = self.flows[n % len(self.flows) if flow is None else flow]
            self.runs.append(
                run_body(
                    f"run-{len(self.runs):05}-{ms(self.clock)}",
                    flow_id=chosen["id"],
                    at=self.clock + self.skew,
                    status=status,
                    minutes=None if status == "inProgress" else 0.5,
                )
            )

    def end(self, run: dict[str, Any], status: str) -> None:
        run["metrics"]["statusSummary"]["status"] = status
        started = run["metrics"]["durationSummary"]["startedAtUTC"]
        run["metrics"]["durationSummary"]["completedAtUTC"] = started + 60_000
        run["updatedAt"] += 60_000

    def open_runs(self) -> list[dict[str, Any]]:
        return [r for r in self.runs if r["metrics"]["statusSummary"]["status"] == "inProgress"]

    def touch(self, flow: dict[str, Any], **changes: Any) -> None:
        flow.update(changes, updatedAt=self._now())

    def _now(self) -> int:
        self.clock += self.step
        return ms(self.clock)

    def truth(self) -> set[tuple[Any, ...]]:
        ours = {
            flow["id"]
            for flow in self.flows
            if flow["inheritedAttributes"]["properties"]["isSourceFlow"]
        }
        return {
            (
                run["id"],
                run["flowId"],
                run["metrics"]["statusSummary"]["status"],
                run["metrics"]["recordSummary"].get("inputRecordCount"),
            )
            for run in self.runs
            if run["flowId"] in ours
        }

    def count(self, path: str) -> int:
        return sum(1 for call in self.calls if call.path == path)

    def die_in(self, calls: int, *, arriving: int) -> None:
        """The caller is killed at the n-th call from now; runs arrive before each one."""
        self.death, self.arriving = calls, arriving

    def live(self) -> None:
        self.death, self.arriving = None, 0

    # --- HTTP ------------------------------------------------------------------------------------

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token/v3"):
            return self._token(request)
        path = request.url.path.removeprefix(BASE)
        query = parse_qsl(request.url.query.decode())
        filters = [value for name, value in query if name == "property"]
        self.calls.append(Call(path, "&".join(filters)))
        if self.before_call:
            self.before_call()
        if self.death is not None:
            self.death -= 1
            self.add_runs(self.arriving)
            if self.death < 0:
                self.death = None
                raise KeyboardInterrupt
        if self.retry_after_s:
            return httpx.Response(429, headers={"Retry-After": str(self.retry_after_s)})
        if refusal := self._refusal(path, filters):
            return refusal
        return self._list(path, dict(query), filters)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = request.content.decode()
        if "token" in self.refused or any(
            name.removeprefix("client:") in form for name in self.refused if "client:" in name
        ):
            return httpx.Response(400, json={"error": "invalid_client"})
        body = {"access_token": "token", "token_type": "bearer", "expires_in": 86399}
        return httpx.Response(200, json=body)

    def _refusal(self, path: str, filters: list[str]) -> httpx.Response | None:
        text = "&".join(filters)
        if "sandbox" in self.refused:
            return _problem("FLOW-2105-400")
        if path == "/runs" and not filters and "UNFILTERED" in self.refused:
            return _problem("FLOW-1452-400")
        if any(name in text for name in self.refused - {"token"}):
            return _problem("FLOW-1449-400")
        ids = next((one for one in filters if one.startswith("id==")), "")
        if ids and len(ids.split(",")) > self.longest_list:
            return httpx.Response(414, text="URI too long")
        return None

    def _list(self, path: str, query: dict[str, str], filters: list[str]) -> httpx.Response:
        if path not in ("/flows", "/runs"):
            return httpx.Response(200, json={"items": [], "_links": {}})
        key = "updatedAt" if path == "/flows" else "createdAt"
        rows = self.flows if path == "/flows" else self.runs
        rows = [row for row in rows if all(_matches(row, one) for one in filters)]
        rows = [row for row in rows if row["id"] not in self.hidden]
        rows.sort(key=lambda row: (row[key], row["id"]), reverse=True)
        start = int(query.get("continuationToken", "t0")[1:])
        size = min(self.page_size, int(query["limit"]))
        page = rows[start : start + size]
        links = {}
        if start + size < len(rows) and not (self.capped and path == "/runs"):
            # By position: pages shift while runs arrive, so that rows are repeated.
            links = {"next": {"href": f"{path}?continuationToken=t{start + size}"}}
        return httpx.Response(200, content=json.dumps({"items": page, "_links": links}))


def _problem(code: str) -> httpx.Response:
    body = {"type": f"https://ns.adobe.com/aep/errors/{code}", "title": "Refused", "status": 400}
    return httpx.Response(400, json=body)


def _matches(row: dict[str, Any], text: str) -> bool:
    path, operator, value = re.fullmatch(r"([\w.\[\]]+?)(==|>=|<=|>|<)(.*)", text).groups()  # type: ignore[union-attr]
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if operator == "==":
        return str(found).lower() in value.lower().split(",")
    if found is None:
        return False
    return {
        ">=": found >= int(value),
        "<=": found <= int(value),
        ">": found > int(value),
        "<": found < int(value),
    }[operator]
