"""The program: one WSGI callable made of all services, the faults and the scheduler."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flowsite.emulator import control, ims, routes, scheduler, seeds
from flowsite.emulator.clock import Clock
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.errors import ApiError, placeholder_error
from flowsite.emulator.faults import Fault
from flowsite.emulator.flow_service.settling import settle
from flowsite.emulator.gateway import admit
from flowsite.emulator.ids import new_uuid
from flowsite.emulator.store import Store
from flowsite.emulator.web import Request, Response, Route, Router, request_from_environ
from flowsite.emulator.world import World

logger = logging.getLogger("flowsite.emulator")


def create_app(
    data_file: Path | str = ":memory:",
    *,
    clock: Callable[[], float] | None = None,
    config: EmulatorConfig | None = None,
) -> Emulator:
    """An emulator over ``data_file``; a new file is seeded. ``clock`` gives epoch seconds."""
    return Emulator(Store(data_file), clock, config or EmulatorConfig())


class Emulator:
    def __init__(
        self, store: Store, clock: Callable[[], float] | None, config: EmulatorConfig
    ) -> None:
        offset_s = float(store.note("clock_offset_s") or 0)
        self.world = World(store, Clock(clock, offset_s), config)
        self.router = Router(routes.ROUTES)
        seeds.seed(self.world)

    def close(self) -> None:
        self.world.store.close()

    def tick(self) -> int:
        """Does all the work that is due: starts, moves on and finishes runs. The number of
        run changes made."""
        return scheduler.tick(self.world)

    # --- WSGI ----------------------------------------------------------------------------------

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = request_from_environ(environ)
        started = time.perf_counter()
        response = self.answer(request)
        body = response.encoded()
        headers = [("Content-Length", str(len(body))), ("x-request-id", new_uuid())]
        if response.body is not None:
            headers.append(("Content-Type", response.content_type))
        headers.extend(response.headers.items())
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = "Unknown"
        start_response(f"{response.status} {phrase}", headers)
        took_ms = (time.perf_counter() - started) * 1000
        logger.info(
            "%s %s %s %.0f ms", request.method, log_safe(request.path), response.status, took_ms
        )
        return [] if request.method == "HEAD" else [body]

    def answer(self, request: Request) -> Response:
        """Faults around the real answer. Raises ``config.dropped`` for a cut connection."""
        self.world.calls += 1
        if request.path.startswith(control.BASE):
            return self._guarded(request)
        if self.world.config.latency_s:
            time.sleep(self.world.config.latency_s)
        faults = self.world.faults.due(request)
        for fault in faults:
            early = self._early(fault, request)
            if early is not None:
                return early
        response = self._guarded(request)
        for fault in faults:
            response = self._late(fault, request, response)
        return response

    def _early(self, fault: Fault, request: Request) -> Response | None:
        if fault.kind == "token_death":
            with self.world.store.transaction():
                ims.kill_tokens(self.world)
        if fault.kind == "delay" and not fault.committed:
            time.sleep(fault.delay_s)
        if fault.committed:
            return None
        if fault.kind == "drop":
            raise self.world.config.dropped(f"{request.method} {request.path} was cut before work")
        return _bad_answer(fault) if fault.kind in ("status", "malformed") else None

    def _late(self, fault: Fault, request: Request, response: Response) -> Response:
        if not fault.committed:
            return response
        if fault.kind == "delay":
            time.sleep(fault.delay_s)
        if fault.kind == "drop":
            raise self.world.config.dropped(f"{request.method} {request.path} was cut after work")
        return _bad_answer(fault) if fault.kind in ("status", "malformed") else response

    def _guarded(self, request: Request) -> Response:
        try:
            return self._handled(request)
        except ApiError as error:
            return Response(
                error.status, error.body, headers=error.headers, content_type=error.content_type
            )
        except Exception:
            logger.exception("%s %s failed", request.method, log_safe(request.path))
            problem = placeholder_error(500, "InternalError", "The emulator itself failed.")
            return Response(500, problem.body, content_type=problem.content_type)

    def _handled(self, request: Request) -> Response:
        route, args = self._route(request)
        request = request.at(args)
        if request.path.startswith(control.BASE):
            control.check_token(self.world, request)
            return route.handler(self.world, request)
        if request.path != ims.TOKEN_PATH:
            self.world.rate_limit.check(
                request.header("x-gw-ims-org-id") or "", self.world.clock.now_s()
            )
            with self.world.store.transaction():
                request = admit(self.world, request, route)
        if self.world.config.explore_delay_s and request.path.endswith("/explore"):
            time.sleep(self.world.config.explore_delay_s * random.uniform(0.5, 1.5))
        with self.world.store.transaction():
            settle(self.world)
            return route.handler(self.world, request)

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        method = "GET" if request.method == "HEAD" else request.method
        found = self.router.find(method, request.path)
        if isinstance(found, tuple):
            return found
        if found:
            error = placeholder_error(405, "MethodNotAllowed", f"{request.method} isn't offered.")
            error.headers["Allow"] = ", ".join(sorted(found))
            raise error
        raise placeholder_error(404, "NotFound", "No such resource.")


def _bad_answer(fault: Fault) -> Response:
    if fault.kind == "malformed":
        return Response(200, b'{"items": [{"id": "cut off', content_type="application/json")
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    body = fault.body
    if isinstance(body, str):
        body = body.encode()
    if body is None:
        body = {"error_code": str(fault.status), "message": "Fault on order."}
    return Response(fault.status, body, headers=headers, content_type=fault.content_type)


def log_safe(path: str) -> str:
    """A path is the caller's text: no line breaks or escapes into the log."""
    return "".join(sign if sign.isprintable() else "?" for sign in path)[:300]
