"""The emulator's own endpoints, ``/_emulator/…``: faults, clock, state, tables.

They are no part of the platform. With ``control_token`` configured they ask for it in the
header ``x-emulator-token``.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from flowsite.emulator import ims, scheduler
from flowsite.emulator.errors import ApiError
from flowsite.emulator.faults import BadFault, Fault
from flowsite.emulator.web import BadBody, Request, Response, Route
from flowsite.emulator.world import World

BASE = "/_emulator/"

#: What may be changed while it runs, with the type of each.
_KNOBS: dict[str, type] = {
    "latency_s": float,
    "explore_delay_s": float,
    "list_delay_s": float,
    "update_delay_s": float,
    "queued_s": float,
    "running_s": float,
    "speed": float,
    "token_life_s": int,
    "flow_page_max": int,
    "flow_page_default": int,
    "registry_page_max": int,
    "rate_limit_per_s": float,  # 0 lifts it
}

_PAGES = ("flow_page_max", "flow_page_default", "registry_page_max")


def check_token(world: World, request: Request) -> None:
    expected = world.config.control_token
    sent = request.header("x-emulator-token") or ""
    if expected and not hmac.compare_digest(sent.encode(), expected.encode()):
        raise _refusal(403, "The header x-emulator-token is missing or wrong.")


def _refusal(status: int, message: str) -> ApiError:
    return ApiError(status, {"message": message})


def _order(request: Request) -> dict[str, Any]:
    try:
        order = request.json()
    except BadBody as error:
        raise _refusal(400, f"Not JSON: {error}") from error
    if not isinstance(order, dict):
        raise _refusal(400, "Send an object.")
    return order


def state(world: World, _request: Request) -> Response:
    """Counts of everything, the clock and the knobs."""
    kinds = world.store.rows("SELECT kind, count(*) AS n FROM objects GROUP BY kind")
    return Response(
        body={
            "now_s": world.clock.now_s(),
            "clock_offset_s": world.clock.offset_s,
            "calls": world.calls,
            "objects": {row["kind"]: row["n"] for row in kinds},
            "runs": world.store.value("SELECT count(*) FROM runs"),
            "open_runs": world.store.value("SELECT count(*) FROM runs WHERE due_at IS NOT NULL"),
            "lake_rows": world.store.value("SELECT count(*) FROM lake_rows"),
            "tokens": world.store.value("SELECT count(*) FROM tokens"),
            "knobs": {name: getattr(world.config, name) for name in _KNOBS},
        }
    )


def list_faults(world: World, _request: Request) -> Response:
    return Response(body={"faults": world.faults.view()})


def add_fault(world: World, request: Request) -> Response:
    try:
        world.faults.add(Fault.from_json(_order(request)))
    except BadFault as error:
        raise _refusal(400, str(error)) from error
    return Response(201, {"faults": world.faults.view()})


def clear_faults(world: World, _request: Request) -> Response:
    world.faults.clear()
    return Response(204)


def move_clock(world: World, request: Request) -> Response:
    """``{"advance_s": 3600}`` moves the clock on and does the work that is due by then."""
    try:
        seconds = float(_order(request)["advance_s"])
        if not 0 <= seconds <= 10 * 366 * 86_400:
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal(400, "advance_s must be a number of seconds, 0 or more.") from error
    world.clock.advance(seconds)
    with world.store.transaction():
        world.store.set_note("clock_offset_s", world.clock.offset_s)
    return Response(body={"now_s": world.clock.now_s(), "changes": scheduler.tick(world)})


def tick(world: World, _request: Request) -> Response:
    return Response(body={"changes": scheduler.tick(world)})


def set_knobs(world: World, request: Request) -> Response:
    order = _order(request)
    if unknown := sorted(set(order) - set(_KNOBS)):
        raise _refusal(400, f"Unknown: {', '.join(unknown)}. Known: {', '.join(_KNOBS)}.")
    try:
        values = {name: _KNOBS[name](value) for name, value in order.items()}
    except (TypeError, ValueError) as error:
        raise _refusal(400, f"Not a number: {error}") from error
    if not all(0 <= value < 10**9 for value in values.values()):
        raise _refusal(400, "Knobs are numbers, 0 or more.")
    if values.get("speed") == 0 or 0 in (values.get(name) for name in _PAGES):
        raise _refusal(400, "speed and pages must be above 0.")
    world.config = replace(world.config, **values)
    world.rate_limit.per_second = world.config.rate_limit_per_s
    return Response(body={name: getattr(world.config, name) for name in _KNOBS})


def end_tokens(world: World, _request: Request) -> Response:
    with world.store.transaction():
        return Response(body={"killed": ims.kill_tokens(world)})


ROUTES = tuple(
    Route(method, f"{BASE}{path}", handler, needs_sandbox=False)
    for method, path, handler in (
        ("GET", "state", state),
        ("GET", "faults", list_faults),
        ("POST", "faults", add_fault),
        ("DELETE", "faults", clear_faults),
        ("POST", "clock", move_clock),
        ("POST", "tick", tick),
        ("POST", "config", set_knobs),
        ("POST", "tokens/expire", end_tokens),
    )
)
