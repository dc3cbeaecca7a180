"""A scripted peer: answers in order or by a function, and keeps what it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from flowsite.aep.platform import Platform
from flowsite.aep.session import Session, SessionConfig

CONFIG = SessionConfig(
    org_id="ACME@AdobeOrg",
    client_id="client-1",
    platform_url="https://platform.example",
    sandbox="dev",
)
Answer = httpx.Response | Exception


class Tokens:
    """A token source that hands out token-1, then token-2 …"""

    def __init__(self) -> None:
        self.number = 1
        self.refused: list[str] = []

    def get(self) -> str:
        return f"token-{self.number}"

    def refresh(self, stale: str) -> str:
        self.refused.append(stale)
        self.number += 1
        return self.get()


class Peer:
    """Answers in order; the last answer stays. Or a function of the request."""

    def __init__(self, *answers: Answer, handler: Callable[[httpx.Request], Answer] | None = None):
        self.answers = list(answers)
        self.handler = handler
        self.requests: list[httpx.Request] = []
        self.sleeps: list[float] = []
        self.tokens = Tokens()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if self.handler:
            answer = self.handler(request)
        else:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def session(self, config: SessionConfig = CONFIG, **options: Any) -> Session:
        clock = FakeClock()

        def sleep(seconds: float) -> None:
            self.sleeps.append(seconds)
            clock.now += seconds

        transport = httpx.MockTransport(self)
        options = {"transport": transport, "sleep": sleep, "clock": clock, **options}
        return Session(config, self.tokens, **options)

    def platform(self, **options: Any) -> Platform:
        return Platform(self.session(**options))

    @property
    def paths(self) -> list[str]:
        """Method, path and query of every request, as they were on the wire."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    def query(self, index: int = -1) -> list[tuple[str, str]]:
        """Decoded query of one request, in order."""
        return list(self.requests[index].url.params.multi_items())

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def ok(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def problem(status: int, code: str = "", message: str = "no", **headers: str) -> httpx.Response:
    """Flow Service's current error form."""
    kind = f"https://ns.adobe.com/aep/errors/{code}" if code else "/placeholder/type/uri"
    body = {
        "type": kind,
        "status": status,
        "title": "T",
        "report": {"detailed-message": message, "request-id": "req-1"},
    }
    return httpx.Response(status, json=body, headers=headers)
