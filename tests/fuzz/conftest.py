"""The two teams, against an emulator in this process."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fuzz.world import World, build
from tests.wizard.conftest import emulator, impatient, seeded  # noqa: F401 -- fixtures


@pytest.fixture
def world(db: None, emulator: Any) -> World:  # noqa: F811
    return build()
