"""Hostile requests of every kind of person: a slice with a fixed seed; ``make fuzz`` sends more."""

from __future__ import annotations

import os
import time

import pytest

from tests.fuzz.attack import Attacker
from tests.fuzz.world import World

#: Of each role.
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "150"))
SEED = int(os.environ.get("FUZZ_SEED", "8"))
PEOPLE = ["anonymous", "analyst", "ops", "admin", "stranger"]


@pytest.mark.parametrize("who", PEOPLE)
def test_hostile_requests_do_no_harm(world: World, who: str) -> None:
    began = time.monotonic()
    attacker = Attacker(world, who, SEED)

    attacker.run(REQUESTS)

    answers = dict(sorted(attacker.statuses.items()))
    print(f"\n{who}: {attacker.statuses.total()} requests in {time.monotonic() - began:.0f} s")  # noqa: T201 -- the report of make fuzz
    print(f"  answers {answers}, seed {SEED}, {len(attacker.findings)} findings")  # noqa: T201 -- the report of make fuzz
    for finding in attacker.findings:
        print(f"  FOUND {finding[:700]}")  # noqa: T201 -- the report of make fuzz
    assert not attacker.findings, f"{len(attacker.findings)} findings, printed above"
    assert attacker.statuses[200] > 20
    assert who == "anonymous" or attacker.statuses[404] > 20
