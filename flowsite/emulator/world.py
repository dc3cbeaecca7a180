"""What every handler gets: the store, the clock, the configuration, faults and limits."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flowsite.emulator.clock import Clock
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.faults import Faults
from flowsite.emulator.organisations import Organisation, organisations
from flowsite.emulator.rate_limit import RateLimit
from flowsite.emulator.store import Store
from flowsite.emulator.web import Scope


@dataclass
class World:
    store: Store
    clock: Clock
    config: EmulatorConfig

    def __post_init__(self) -> None:
        self.calls = 0
        self.ticking = threading.Lock()
        self.faults = Faults(self.config.fault_seed)
        self.rate_limit = RateLimit(self.config.rate_limit_per_s)
        self.organisations: dict[str, Organisation] = organisations(self.config)

    def tenant(self, scope: Scope) -> str:
        return self.organisations[scope.org].tenant

    def client(self, client_id: str) -> Organisation | None:
        return next(
            (org for org in self.organisations.values() if org.client_id == client_id), None
        )

    @property
    def seeded_at_s(self) -> float:
        """When the data file was made; the source rows are dated around this moment."""
        return float(self.store.note("seeded_at_s") or self.clock.now_s())
