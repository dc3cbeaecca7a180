"""An emulator in the test's own process, a clock that is moved by hand, and a caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from flowsite.emulator.app import Emulator, create_app
from flowsite.emulator.config import EmulatorConfig
from tests.emulator.caller import START_S, Caller


class HandClock:
    def __init__(self) -> None:
        self.now_s = START_S

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def make_emulator(clock: HandClock) -> Iterator[Callable[..., Emulator]]:
    made: list[Emulator] = []

    def make(data_file: Any = ":memory:", **knobs: Any) -> Emulator:
        config = EmulatorConfig(**{"dropped": httpx.ReadError, "past_runs": 0, **knobs})
        made.append(create_app(data_file, clock=clock, config=config))
        return made[-1]

    yield make
    for emulator in made:
        emulator.close()


@pytest.fixture
def emulator(make_emulator: Callable[..., Emulator]) -> Emulator:
    return make_emulator()


@pytest.fixture
def caller(emulator: Emulator) -> Iterator[Caller]:
    with Caller(emulator) as made:
        yield made
