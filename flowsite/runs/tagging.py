"""Tags and owners of dataflows: words by which people find what is theirs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from flowsite.people.models import Team, User
from flowsite.people.rights import Role, has_role
from flowsite.people.selectors import teams_of
from flowsite.runs import ingest
from flowsite.runs.boards import LONGEST_TAG, DataflowTag
from flowsite.runs.models import Dataflow
from flowsite.runs.selectors import may_act_on

MOST_TAGS: Final = 20
"""Tags of one dataflow."""


class TagRefused(Exception):
    """The text says why."""


def tag_name(text: str) -> str:
    """The tag that a text means: lower case, single spaces. Raises TagRefused."""
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().lower()
    if not name:
        raise TagRefused(_("Type a tag."))
    if len(name) > LONGEST_TAG:
        raise TagRefused(_("A tag has at most %(n)d characters.") % {"n": LONGEST_TAG})
    if "," in name or not name.isprintable():
        raise TagRefused(_("A tag has no comma and no invisible characters."))
    return name


def may_tag(user: User, dataflow: Dataflow) -> bool:
    """The people on duty and administrators of the dataflow's team, and the analyst who owns it."""
    return has_a_say(user, dataflow) and may_act_on(user, dataflow)


def has_a_say(user: User, dataflow: Dataflow) -> bool:
    """The part of ``may_tag`` that is about role and owner; the other is about the team."""
    return has_role(user, Role.OPS) or dataflow.owner_id == user.pk


def taggable(user: User, rows: QuerySet[Dataflow]) -> QuerySet[Dataflow]:
    """Those of ``rows`` that the person may tag; the same rule as ``may_tag``."""
    own = rows.filter(team__in=teams_of(user), deleted_at=None)
    if has_role(user, Role.OPS):
        return own
    return own.filter(owner=user) if has_role(user, Role.ANALYST) else rows.none()


@transaction.atomic
def add_tag(rows: Sequence[Dataflow], name: str) -> list[Dataflow]:
    """Gives the tag to those that lack it; returns them. Raises TagRefused if one is full."""
    lacking = [row for row in _locked(rows) if name not in row.tags]
    full = [row for row in lacking if len(row.tags) >= MOST_TAGS]
    if full:
        text = _("“%(name)s” has %(n)d tags already, which is the most.")
        raise TagRefused(text % {"name": full[0].name, "n": MOST_TAGS})
    DataflowTag.objects.bulk_create([DataflowTag(dataflow=row, name=name) for row in lacking])
    for row in lacking:
        row.tags = sorted([*row.tags, name])
    _store(lacking)
    return lacking


@transaction.atomic
def remove_tag(rows: Sequence[Dataflow], name: str) -> list[Dataflow]:
    """Takes the tag from those that have it; returns them."""
    having = [row for row in _locked(rows) if name in row.tags]
    DataflowTag.objects.filter(dataflow__in=having, name=name).delete()
    for row in having:
        row.tags = [one for one in row.tags if one != name]
    _store(having)
    return having


def _locked(rows: Sequence[Dataflow]) -> list[Dataflow]:
    """The same rows as they are now. Ingest writes whole rows under the same lock."""
    sandboxes = {row.sandbox_id: row.sandbox for row in rows}
    for key in sorted(sandboxes):
        ingest.touch(ingest.lock(sandboxes[key]), count=False)
    keys = [row.pk for row in rows]
    return list(Dataflow.objects.filter(pk__in=keys).only("pk", "name", "tags").order_by("name"))


def _store(rows: Sequence[Dataflow]) -> None:
    Dataflow.objects.bulk_update(rows, ["tags"], batch_size=200)


@transaction.atomic
def set_owner(dataflow: Dataflow, owner: User | None) -> None:
    """Whose dataflow it is."""
    sync = ingest.lock(dataflow.sandbox)
    Dataflow.objects.filter(pk=dataflow.pk).update(owner=owner)
    dataflow.owner = owner
    ingest.touch(sync, count=False)


def tagged(rows: QuerySet[Dataflow], name: str) -> QuerySet[Dataflow]:
    """Those of ``rows`` that have the tag."""
    return rows.filter(pk__in=DataflowTag.objects.filter(name=name).values("dataflow"))


def tags_of(rows: QuerySet[Dataflow]) -> list[str]:
    """All tags of these dataflows, in order. One query."""
    names = DataflowTag.objects.filter(dataflow__in=rows).order_by("name")
    return list(names.values_list("name", flat=True).distinct())


def possible_owners(team: Team | None) -> Iterable[User]:
    """The active people of a team."""
    if team is None:
        return []
    return team.members.filter(is_active=True).order_by("first_name", "last_name", "username")
