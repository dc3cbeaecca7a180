"""What can be turned on an emulator. Times are in seconds unless a name says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

#: The credential of the seeded organisation; the command line and the demo may replace it.
DEMO_CLIENT_ID = "demo-client"
DEMO_CLIENT_SECRET = "demo-secret"


class ConnectionDropped(ConnectionResetError):
    """The emulator cuts the line on purpose; a server closes the socket when it sees this."""


@dataclass(frozen=True)
class EmulatorConfig:
    """``dropped`` makes the exception raised for a cut connection, so that a caller who mounts
    the program in its own process can ask for its HTTP client's own read error."""

    client_id: str = DEMO_CLIENT_ID
    client_secret: str = DEMO_CLIENT_SECRET
    seeded: bool = True
    past_runs: int = 20  # of each dataflow made elsewhere; 0 leaves these dataflows out
    bulk_flows: int = 0  # copies for measuring, beside bulk_runs in all
    bulk_runs: int = 0

    # Time
    speed: float = 1.0  # shortens the wait between two runs, never a timestamp
    early_start_s: float = 0  # a first start at most this far ahead is due at once
    queued_s: float = 0
    running_s: float = 0
    update_delay_s: float = 0  # how long a changed dataflow stays "updating"
    list_delay_s: float = 0  # how long a new object is missing from lists
    explore_delay_s: float = 0
    latency_s: float = 0
    token_life_s: int = 86_399

    # Limits
    rate_limit_per_s: float | None = None
    flow_page_max: int = 100
    flow_page_default: int = 20
    registry_page_max: int = 300
    preview_rows: int = 10
    kept_rows_per_dataset: int = 20_000

    # The awkward
    hostile: bool = False
    extra_tables: int = 0
    fault_seed: int = 1
    control_token: str | None = None
    dropped: Callable[[str], Exception] = ConnectionDropped

    def made_hostile(self) -> EmulatorConfig:
        """Pages of one object, and the objects of ``seeds.hostile``.

        Only the two services whose pages name their successor can shrink a page; the other
        three tell the last page by its length (API contract, section 1.5).
        """
        return replace(
            self, hostile=True, flow_page_max=1, flow_page_default=1, registry_page_max=1
        )
