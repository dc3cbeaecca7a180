"""Adding people, giving and taking their rights; every change leaves an entry in the audit log.

``PeopleProblem`` says in a sentence why something can't be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from axes.utils import reset as unlock_sign_in
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.tokens import default_token_generator
from django.db import models, transaction
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext

from flowsite.people import audit
from flowsite.people.audit import Origin
from flowsite.people.models import Membership, Team, User
from flowsite.people.rights import SUBMIT_TO_PRODUCTION, Role
from flowsite.people.selectors import active_admins


class PeopleProblem(Exception):
    """A change of people or teams that is refused; the text is for the admin."""


@dataclass(frozen=True)
class PersonValues:
    """All that an admin may say about a person."""

    username: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    roles: frozenset[Role] = frozenset()
    teams: frozenset[Team] = field(default_factory=frozenset)
    production: bool = False

    @classmethod
    def of(cls, user: User) -> PersonValues:
        """What is true now."""
        names = set(user.groups.values_list("name", flat=True))
        return cls(
            username=user.username,
            first_name=user.first_name,
            last_name=user.last_name,
            email=user.email,
            roles=frozenset(role for role in Role if role in names),
            teams=frozenset(user.teams.all()),
            production=_production_permission().user_set.filter(pk=user.pk).exists(),
        )


_DETAILS = ("username", "first_name", "last_name", "email")


@transaction.atomic
def add_person(values: PersonValues, *, by: Origin) -> User:
    """A person without a password: a sign-in link, or the organisation's sign-in, lets them in.

    Raises PeopleProblem.
    """
    _check_names(values, None)
    user = User(**{name: getattr(values, name) for name in _DETAILS})
    user.set_unusable_password()
    user.save()
    _set_rights(user, PersonValues(user.username), values)
    audit.record("person.added", by=by, obj=user, **_printed(values))
    return user


@transaction.atomic
def change_person(user: User, values: PersonValues, *, by: Origin) -> bool:
    """Whether anything was changed. Raises PeopleProblem."""
    before = PersonValues.of(user)
    if before == values:
        return False
    _check_names(values, user)
    if Role.ADMIN in before.roles - values.roles:
        refusal = gettext("You can't take the admin role from yourself. Ask another admin.")
        _check_admin_may_go(user, by, refusal)
    for name in _DETAILS:
        setattr(user, name, getattr(values, name))
    user.save(update_fields=_DETAILS)
    _set_rights(user, before, values)
    _record_changes(user, _printed(before), _printed(values), by)
    return True


@transaction.atomic
def deactivate(user: User, *, by: Origin) -> None:
    """Ends the person's sessions and lets them in no more. Raises PeopleProblem."""
    if not user.is_active:
        return
    refusal = gettext("You can't deactivate yourself. Ask another admin.")
    _check_admin_may_go(user, by, refusal)
    user.is_active = False
    user.save(update_fields=["is_active"])
    audit.record("person.deactivated", by=by, obj=user)


@transaction.atomic
def activate(user: User, *, by: Origin) -> None:
    """Lets the person in again."""
    if user.is_active:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record("person.activated", by=by, obj=user)


@transaction.atomic
def make_sign_in_link(user: User, *, by: Origin) -> tuple[str, str]:
    """(uid, token) of a link with which the person sets a password: once, and for a day.

    The old password stops working, which ends the person's sessions; earlier links end too, and
    so does a lock after wrong passwords. Raises PeopleProblem.
    """
    if not user.is_active:
        raise PeopleProblem(
            gettext("{user} is deactivated. Activate the person first.").format(user=user)
        )
    user.set_unusable_password()
    user.save(update_fields=["password"])
    unlock_sign_in(username=user.username)
    audit.record("person.link_made", by=by, obj=user)
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return uid, default_token_generator.make_token(user)


def unlock(user: User, *, by: Origin) -> None:
    """Ends the lock after wrong passwords at once."""
    unlock_sign_in(username=user.username)
    audit.record("person.unlocked", by=by, obj=user)


@transaction.atomic
def unlink(user: User, *, by: Origin) -> None:
    """Forgets who the person is at the organisation; the next sign-in there goes by address."""
    user.outside_id = None
    user.save(update_fields=["outside_id"])
    audit.record("person.unlinked", by=by, obj=user)


def set_password(user: User, password: str, *, by: Origin, action: str) -> None:
    """Stores a password that the caller has validated; ends the person's other sessions."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(action, by=by, obj=user)


# --- teams ---------------------------------------------------------------------------------------


@transaction.atomic
def add_team(name: str, *, by: Origin) -> Team:
    """Raises PeopleProblem."""
    _check_team_name(name, None)
    team = Team.objects.create(name=name)
    audit.record("team.added", by=by, team=team, obj=team)
    return team


@transaction.atomic
def rename_team(team: Team, name: str, *, by: Origin) -> None:
    """Raises PeopleProblem."""
    if team.name == name:
        return
    _check_team_name(name, team)
    before, team.name = team.name, name
    team.save(update_fields=["name"])
    audit.record("team.renamed", by=by, team=team, obj=team, changes={"name": [before, name]})


@transaction.atomic
def add_member(team: Team, user: User, *, by: Origin) -> None:
    """The person sees what belongs to the team from now on."""
    _, made = Membership.objects.get_or_create(team=team, user=user)
    if made:
        audit.record("team.member_added", by=by, team=team, obj=user, to=team.name)


@transaction.atomic
def remove_member(team: Team, user: User, *, by: Origin) -> None:
    """The person sees what belongs to the team no more."""
    deleted, _ = Membership.objects.filter(team=team, user=user).delete()
    if deleted:
        audit.record("team.member_removed", by=by, team=team, obj=user, **{"from": team.name})


@transaction.atomic
def delete_team(team: Team, *, by: Origin) -> None:
    """Raises PeopleProblem while something belongs to the team, or it is the last one."""
    if belongings := team_belongings(team):
        listed = ", ".join(f"{count} {words}" for words, count in belongings.items())
        raise PeopleProblem(
            gettext("“{team}” can't be deleted: it has {listed}.").format(team=team, listed=listed)
        )
    if Team.objects.count() == 1:
        raise PeopleProblem(gettext("The last team can't be deleted."))
    name, key = team.name, str(team.pk)
    team.delete()
    audit.record("team.deleted", by=by, object_type="team", object_id=key, object_name=name)


def team_belongings(team: Team) -> dict[str, int]:
    """What belongs to the team, by kind, in words; of all rooms. Members don't count."""
    found = {}
    for relation in Team._meta.related_objects:
        if relation.on_delete is models.CASCADE:  # memberships, and what is derived from the rest
            continue
        model = relation.related_model
        if count := model._default_manager.filter(**{relation.field.name: team}).count():
            meta = model._meta
            found[str(meta.verbose_name if count == 1 else meta.verbose_name_plural)] = count
    return found


def _check_team_name(name: str, team: Team | None) -> None:
    taken = Team.objects.filter(name__iexact=name).exclude(pk=team.pk if team else None)
    if taken.exists():
        raise PeopleProblem(gettext("There is a team named “{name}” already.").format(name=name))


# --- rules ---------------------------------------------------------------------------------------


def _check_names(values: PersonValues, user: User | None) -> None:
    """Names that differ in case only would be one person to most readers."""
    others = User.objects.exclude(pk=user.pk if user else None)
    if others.filter(username__iexact=values.username).exists():
        raise PeopleProblem(
            gettext("There is a person named “{username}” already.").format(
                username=values.username
            )
        )
    if values.email and others.filter(email__iexact=values.email).exists():
        raise PeopleProblem(
            gettext("Another person has the address {email}.").format(email=values.email)
        )


def _check_admin_may_go(user: User, by: Origin, refusal: str) -> None:
    """Two admins who remove each other at the same moment wait here for one another.

    ``refusal`` is said to a person who does it to themselves.
    """
    if by.user is not None and by.user.pk == user.pk:
        raise PeopleProblem(refusal)
    Group.objects.select_for_update().get(name=Role.ADMIN)
    admins = set(active_admins().values_list("pk", flat=True))
    if user.pk in admins and len(admins) == 1:
        raise PeopleProblem(
            gettext("{user} is the last active admin. Make somebody else an admin first.").format(
                user=user
            )
        )


def _set_rights(user: User, before: PersonValues, after: PersonValues) -> None:
    user.groups.remove(*_groups(before.roles - after.roles))
    user.groups.add(*_groups(after.roles - before.roles))
    Membership.objects.filter(user=user, team__in=before.teams - after.teams).delete()
    for team in after.teams - before.teams:
        Membership.objects.get_or_create(team=team, user=user)
    if after.production != before.production:
        change = user.user_permissions.add if after.production else user.user_permissions.remove
        change(_production_permission())


def _groups(roles: Iterable[Role]) -> list[Group]:
    return list(Group.objects.filter(name__in=[role.value for role in roles]))


def _production_permission() -> Permission:
    label, codename = SUBMIT_TO_PRODUCTION.split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def _printed(values: PersonValues) -> dict[str, Any]:
    """As the audit log keeps it."""
    return {
        **{name: getattr(values, name) for name in _DETAILS},
        "roles": sorted(role.value for role in values.roles),
        "teams": sorted(team.name for team in values.teams),
        "production": values.production,
    }


#: What changes of a right are called, so that the log can be filtered for them.
_RIGHTS = {
    "roles": "person.roles_changed",
    "teams": "person.teams_changed",
    "production": "person.production_right_changed",
}


def _record_changes(user: User, before: dict[str, Any], after: dict[str, Any], by: Origin) -> None:
    found = audit.changes(before, after)
    rest = {name: pair for name, pair in found.items() if name not in _RIGHTS}
    if rest:
        audit.record("person.changed", by=by, obj=user, changes=rest)
    for name, action in _RIGHTS.items():
        if name in found:
            audit.record(action, by=by, obj=user, changes={name: found[name]})
