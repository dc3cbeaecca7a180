"""How many dataflows are in which state: what the board's chips say."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from django.db.models import Count

from flowsite.runs.models import Dataflow

#: Key of dataflows that nobody has adopted.
UNOWNED: Final = ""


def recount(sandbox_id: int) -> dict[str, dict[str, int]]:
    """Team → {"all": n, "enabled": n, …, "run:failed": n, …} of a sandbox. One query.

    ``run:…`` counts by the outcome of the latest finished run, ``run:none`` those without one.
    """
    rows = (
        Dataflow.objects.filter(sandbox_id=sandbox_id, deleted_at=None)
        .values("team_id", "state", "last_finished_state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        team = UNOWNED if row["team_id"] is None else str(row["team_id"])
        counts = found[team]
        for key in ("all", row["state"], f"run:{row['last_finished_state'] or 'none'}"):
            counts[key] += row["n"]
    return {team: dict(counts) for team, counts in found.items()}
