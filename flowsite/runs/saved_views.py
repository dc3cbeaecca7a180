"""Saved views of the board, and how each person has it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from flowsite.people.models import Team, User
from flowsite.people.selectors import teams_of
from flowsite.runs.boards import LONGEST_QUERY, LONGEST_VIEW_NAME, BoardPreference, SavedView


class ViewRefused(Exception):
    """The text says why."""


def views_for_user(user: User) -> QuerySet[SavedView]:
    """The person's own views, and those shared with their teams."""
    visible = Q(owner=user) | Q(team__in=teams_of(user))
    return SavedView.objects.filter(visible).select_related("owner", "team").distinct()


def preference_of(user: User) -> BoardPreference:
    """How the person has the board; unsaved where they never chose. One query."""
    rows = BoardPreference.objects.filter(user=user).select_related("default_view")
    return rows.first() or BoardPreference(user=user)


def save_view(user: User, *, name: str, query: str, team: Team | None) -> SavedView:
    """A new view. Raises ViewRefused."""
    view = SavedView(owner=user, team=team, query=_checked(query))
    return _named(view, name)


def rename_view(view: SavedView, name: str) -> SavedView:
    """Raises ViewRefused."""
    return _named(view, name)


def change_query(view: SavedView, query: str) -> None:
    """The view shows something else from now on. Raises ViewRefused."""
    view.query = _checked(query)
    view.save(update_fields=["query", "changed_at"])


def share_view(view: SavedView, team: Team | None) -> None:
    """With a team, or (None) with nobody."""
    view.team = team
    view.save(update_fields=["team", "changed_at"])


def set_default(user: User, view: SavedView | None) -> None:
    """What the person sees on opening the board; None: all dataflows."""
    BoardPreference.objects.update_or_create(user=user, defaults={"default_view": view})


def set_columns(user: User, columns: Sequence[str] | None) -> None:
    """The columns of the person's board; None: the usual ones."""
    kept = None if columns is None else list(columns)
    BoardPreference.objects.update_or_create(user=user, defaults={"columns": kept})


def _checked(query: str) -> str:
    if len(query) > LONGEST_QUERY:
        raise ViewRefused(_("These filters are too long to be saved."))
    return query


def _named(view: SavedView, name: str) -> SavedView:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise ViewRefused(_("Type a name for the view."))
    if len(name) > LONGEST_VIEW_NAME:
        text = _("A view's name has at most %(n)d characters.")
        raise ViewRefused(text % {"n": LONGEST_VIEW_NAME})
    view.name = name
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        text = _("You have a view called “%(name)s” already.")
        raise ViewRefused(text % {"name": name}) from error
    return view
