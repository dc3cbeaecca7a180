"""Reading people and teams."""

from __future__ import annotations

from django.db.models import QuerySet

from flowsite.people.models import Team, User


def teams_of(user: User) -> QuerySet[Team]:
    """The person's teams."""
    return Team.objects.filter(membership__user=user)


def default_team(user: User) -> Team | None:
    """The team that new rows of this person belong to: the first by name."""
    return teams_of(user).order_by("name").first()
