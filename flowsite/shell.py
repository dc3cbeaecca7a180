"""What every page's frame prints: navigation by role, sandbox switcher, person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

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
    ("Sources", "Catalog", "catalog", "squares-2x2", (Role.ANALYST,)),
    ("Sources", "Accounts", "accounts", "key", (Role.ANALYST, Role.OPS)),
    ("Sources", "Dataflows", "dataflows", "arrows-right-left", _ANYBODY),
    ("Sources", "Drafts", "drafts", "pencil-square", (Role.ANALYST,)),
    ("Monitoring", "Board", "board", "chart-bar", _ANYBODY),
    ("Monitoring", "Runs", "runs", "queue-list", _ANYBODY),
    ("Monitoring", "Work queue", "work", "wrench-screwdriver", _ANYBODY),
    ("Monitoring", "Account health", "account-health", "heart", (Role.OPS,)),
    ("Administration", "Credentials", "credentials", "lock-closed", (Role.ADMIN,)),
    ("Administration", "People", "people", "users", (Role.ADMIN,)),
    ("Administration", "System health", "health", "signal", (Role.ADMIN,)),
    ("Administration", "Audit log", "audit", "clipboard-document-list", (Role.ADMIN,)),
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
