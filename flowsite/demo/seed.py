"""What a fresh demo starts with: three people and a credential for the emulator."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from flowsite.credentials.models import SCOPES, Credential
from flowsite.credentials.services import refresh_sandboxes, save_credential
from flowsite.people.models import Membership, Team, User
from flowsite.people.rights import Role

PASSWORD = "flowsite-demo"  # noqa: S105 -- printed at every start
CREDENTIAL = "Emulator"


def seed_people(team: Team) -> list[User]:
    """One person a role, made once; a changed password stays changed."""
    people = []
    for role, full_name in (
        (Role.ANALYST, ("Ana", "Lyst")),
        (Role.OPS, ("Otto", "Ops")),
        (Role.ADMIN, ("Ada", "Min")),
    ):
        user, made = User.objects.get_or_create(
            username=role.value, defaults={"first_name": full_name[0], "last_name": full_name[1]}
        )
        if made:
            user.set_password(PASSWORD)
            user.save()
            user.groups.add(Group.objects.get(name=role.value))
        Membership.objects.get_or_create(team=team, user=user)
        people.append(user)
    production = Permission.objects.get(codename="submit_to_production")
    people[0].user_permissions.add(production)
    return people


def seed_credential(
    team: Team, *, org_id: str, client_id: str, client_secret: str, url: str
) -> Credential:
    """The emulator's credential, with the address of this start; reads its sandboxes."""
    row = save_credential(
        team=team,
        credential=Credential.objects.filter(team=team, name=CREDENTIAL).first(),
        name=CREDENTIAL,
        org_id=org_id,
        client_id=client_id,
        client_secret=client_secret,
        scopes=SCOPES,
        ims_url=url,
        platform_url=url,
    )
    refresh_sandboxes(row)
    return row
