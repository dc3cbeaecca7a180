"""Faults on order: which call, how often, and what goes wrong with it."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import asdict, dataclass, fields
from typing import Any

from flowsite.emulator.web import Request

KINDS = ("status", "drop", "delay", "malformed", "token_death")


class BadFault(ValueError):
    """The order can't be understood; the text says why."""


@dataclass(frozen=True)
class Fault:
    """``committed``: the work is done before things go wrong, and only the answer suffers.

    ``nth`` counts the calls that match method and path, from 1; ``times`` is how many calls
    are hit at most; ``probability`` draws from the seeded generator.
    """

    kind: str
    method: str = "*"
    path: str = ""
    committed: bool = False
    status: int = 503
    body: Any = None
    content_type: str = "application/json"
    retry_after: str | None = None
    delay_s: float = 0
    nth: int | None = None
    times: int | None = None
    probability: float = 1.0

    @classmethod
    def from_json(cls, order: Any) -> Fault:
        if not isinstance(order, dict):
            raise BadFault("A fault is an object.")
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(order) - known):
            raise BadFault(f"Unknown keys: {', '.join(unknown)}. Known: {', '.join(sorted(known))}")
        if order.get("kind") not in KINDS:
            raise BadFault(f"kind must be one of {', '.join(KINDS)}.")
        values = dict(order)
        if values.get("retry_after") is not None:
            values["retry_after"] = str(values["retry_after"])
        try:
            re.compile(values.get("path", ""))
            fault = cls(**values)
            _check_numbers(fault)
        except (TypeError, ValueError, re.error) as error:
            raise BadFault(str(error)) from error
        return fault


def _check_numbers(fault: Fault) -> None:
    """Raises TypeError and ValueError."""
    for name in ("status", "nth", "times"):
        value = getattr(fault, name)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ValueError(f"{name} must be a whole number, 1 or more.")
    if not 100 <= fault.status <= 599:
        raise ValueError("status must be from 100 to 599.")
    if not 0 <= float(fault.delay_s) <= 600 or not 0 <= float(fault.probability) <= 1:
        raise ValueError("delay_s is at most 600, probability from 0 to 1.")


class Faults:
    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._rules: list[tuple[Fault, list[int]]] = []  # the fault, [calls seen, calls hit]

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._rules.append((fault, [0, 0]))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def view(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {**asdict(fault), "seen": counts[0], "hit": counts[1]}
                for fault, counts in self._rules
            ]

    def due(self, request: Request) -> list[Fault]:
        """The faults that hit this call, in the order they were given."""
        with self._lock:
            return [fault for fault, counts in self._rules if self._hits(fault, counts, request)]

    def _hits(self, fault: Fault, counts: list[int], request: Request) -> bool:
        if fault.method not in ("*", request.method) or not re.search(fault.path, request.path):
            return False
        counts[0] += 1
        if fault.nth is not None and counts[0] != fault.nth:
            return False
        if fault.times is not None and counts[1] >= fault.times:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        counts[1] += 1
        return True
