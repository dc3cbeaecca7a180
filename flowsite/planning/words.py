"""Small pieces that several plan builders share: names in titles, and where a plan goes."""

from __future__ import annotations

from typing import Final

from flowsite.planning.facts import Place
from flowsite.planning.plan import PlanPlace

_SHOWN_NAME: Final = 80


def plan_place(place: Place) -> PlanPlace:
    return PlanPlace(
        platform_url=place.platform_url,
        org_id=place.org_id,
        client_id=place.client_id,
        sandbox=place.sandbox,
    )


def shown(name: str) -> str:
    """A name inside a title: quoted and cut."""
    return f"“{name[:_SHOWN_NAME]}…”" if len(name) > _SHOWN_NAME else f"“{name}”"
