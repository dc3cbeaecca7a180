"""What every page's frame prints: navigation by role, sandbox switcher, person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy

from flowsite.credentials.selectors import accesses_of, current_access
from flowsite.people.rights import Role, has_role, roles_of


@dataclass(frozen=True)
class Item:
    """One link of the left navigation."""

    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Group:
    """A heading and its links."""

    label: str
    items: list[Item]


_ANYBODY = (Role.ANALYST, Role.OPS, Role.ADMIN)
#: group, label, URL name, heroicon, roles
_LINKS = [
    (gettext_lazy("Sources"), gettext_lazy("Catalog"), "catalog", "squares-2x2", (Role.ANALYST,)),
    (
        gettext_lazy("Sources"),
        gettext_lazy("Accounts"),
        "accounts",
        "key",
        (Role.ANALYST, Role.OPS),
    ),
    (
        gettext_lazy("Sources"),
        gettext_lazy("Dataflows"),
        "dataflows",
        "arrows-right-left",
        _ANYBODY,
    ),
    (gettext_lazy("Sources"), gettext_lazy("Drafts"), "drafts", "pencil-square", (Role.ANALYST,)),
    (gettext_lazy("Monitoring"), gettext_lazy("Board"), "board", "chart-bar", _ANYBODY),
    (gettext_lazy("Monitoring"), gettext_lazy("Runs"), "runs", "queue-list", _ANYBODY),
    (
        gettext_lazy("Monitoring"),
        gettext_lazy("Work queue"),
        "work",
        "wrench-screwdriver",
        _ANYBODY,
    ),
    (gettext_lazy("Monitoring"), gettext_lazy("Alerts"), "alerts", "bell-alert", _ANYBODY),
    (
        gettext_lazy("Monitoring"),
        gettext_lazy("Account health"),
        "account-health",
        "heart",
        (Role.OPS,),
    ),
    (
        gettext_lazy("Administration"),
        gettext_lazy("Credentials"),
        "credentials",
        "lock-closed",
        (Role.ADMIN,),
    ),
    (gettext_lazy("Administration"), gettext_lazy("People"), "people", "users", (Role.ADMIN,)),
    (gettext_lazy("Administration"), gettext_lazy("Orphans"), "orphans", "trash", (Role.ADMIN,)),
    (
        gettext_lazy("Administration"),
        gettext_lazy("System health"),
        "health",
        "signal",
        (Role.ADMIN,),
    ),
    (
        gettext_lazy("Administration"),
        gettext_lazy("Audit log"),
        "audit",
        "clipboard-document-list",
        (Role.ADMIN,),
    ),
]


def _navigation(request: HttpRequest) -> list[Group]:
    """Of several links that the page lies under, the longest is the current one."""
    links = []
    for group, label, name, icon, roles in _LINKS:
        if not has_role(request.user, *roles):
            continue
        try:
            links.append((group, label, reverse(name), icon))
        except NoReverseMatch:
            continue
    under = [url for _, _, url, _ in links if request.path.startswith(url)]
    current = max(under, key=len, default="")
    groups: dict[str, list[Item]] = {}
    for group, label, url, icon in links:
        groups.setdefault(group, []).append(Item(label, url, icon, current=url == current))
    return [Group(label, items) for label, items in groups.items()]


def shell(request: HttpRequest) -> dict[str, Any]:
    """A context processor; costs nothing on pages of people who are not signed in."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {}
    access = current_access(request)
    return {
        "nav": _navigation(request),
        "access": access,
        "accesses": accesses_of(request),
        "role_names": ", ".join(sorted(roles_of(request.user))),
    }
