"""For commands: whom they act for."""

from __future__ import annotations

from django.core.management.base import CommandError

from flowsite.people.models import Team


def the_team(name: str | None) -> Team:
    """The named team, or the only one. Raises CommandError with the names to choose from."""
    rows = Team.objects.filter(name=name) if name else Team.objects.all()
    found = list(rows[:2])
    if len(found) == 1:
        return found[0]
    names = ", ".join(Team.objects.values_list("name", flat=True))
    wrong = f"There is no team named “{name}”." if name else "There are several teams."
    raise CommandError(f"{wrong} Name one with --team: {names}.")
