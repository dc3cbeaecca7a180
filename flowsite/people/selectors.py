"""Reading people and teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from flowsite.people.models import Team, User
from flowsite.people.rights import SUBMIT_TO_PRODUCTION, Role


def teams_of(user: User) -> QuerySet[Team]:
    """The person's teams."""
    return Team.objects.filter(membership__user=user)


def default_team(user: User) -> Team | None:
    """The team that new rows of this person belong to: the first by name."""
    return teams_of(user).order_by("name").first()


def active_admins() -> QuerySet[User]:
    """People who can administer Flowsite now."""
    admin = Q(groups__name=Role.ADMIN) | Q(is_superuser=True)
    return User.objects.filter(admin, is_active=True).distinct()


def teams_with_counts() -> QuerySet[Team]:
    """Every team by name, with ``member_count``."""
    return Team.objects.annotate(member_count=Count("membership")).order_by("name")


STATES = {"active": Q(is_active=True), "deactivated": Q(is_active=False)}


def people(*, state: str = "", role: str = "", team: str = "", text: str = "") -> QuerySet[User]:
    """People that fit the filters; empty or unknown values don't filter."""
    rows = User.objects.all()
    if state in STATES:
        rows = rows.filter(STATES[state])
    if role == "none":
        rows = rows.filter(groups=None)
    elif role in set(Role):
        rows = rows.filter(groups__name=role)
    if team.isdecimal() and len(team) < 19:
        rows = rows.filter(teams=int(team))
    for word in text.split()[:5]:
        rows = rows.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    return rows


@dataclass(frozen=True)
class PersonRow:
    """A person as the list prints them."""

    pk: int
    username: str
    full_name: str
    email: str
    roles: list[str]
    teams: list[str]
    production: bool
    active: bool
    invited: bool
    last_sign_in: datetime | None


def person_rows(users: list[User]) -> list[PersonRow]:
    """Lines of the list; three queries however many."""
    keys = [user.pk for user in users]
    rows = User.objects.filter(pk__in=keys).prefetch_related("groups", "teams")
    known = {user.pk: user for user in rows}
    permitted = set(
        User.objects.filter(
            pk__in=keys, user_permissions__codename=SUBMIT_TO_PRODUCTION.split(".")[1]
        ).values_list("pk", flat=True)
    )
    order = [role.value for role in Role]
    lines = []
    for user in (known[key] for key in keys if key in known):
        names = {group.name for group in user.groups.all()}
        lines.append(
            PersonRow(
                pk=user.pk,
                username=user.username,
                full_name=user.get_full_name(),
                email=user.email,
                roles=[name for name in order if name in names],
                teams=sorted(team.name for team in user.teams.all()),
                production=user.pk in permitted,
                active=user.is_active,
                invited=user.last_login is None,
                last_sign_in=user.last_login,
            )
        )
    return lines


def is_locked_out(user: User) -> bool:
    """Whether wrong passwords have locked the name somewhere, right now."""
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    return AccessAttempt.objects.filter(
        username=user.username,
        failures_since_start__gte=settings.AXES_FAILURE_LIMIT,
        attempt_time__gte=since,
    ).exists()
