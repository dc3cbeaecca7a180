"""Roles and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from flowsite.people.models import User

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


class Role(StrEnum):
    """Django groups, made by migration. An admin may do what analysts and ops do."""

    ANALYST = "analyst"
    OPS = "ops"
    ADMIN = "admin"


#: The permission to submit to a sandbox whose type is production.
SUBMIT_TO_PRODUCTION = "people.submit_to_production"


def roles_of(user: User | AnonymousUser) -> frozenset[Role]:
    """The person's roles; read once per request."""
    if not user.is_authenticated:
        return frozenset()
    cached: frozenset[Role] | None = getattr(user, "_roles", None)
    if cached is None:
        names = set(user.groups.values_list("name", flat=True))
        cached = frozenset(role for role in Role if role in names or user.is_superuser)
        user._roles = cached  # type: ignore[union-attr]
    return cached


def has_role(user: User | AnonymousUser, *roles: Role) -> bool:
    """Whether the person has one of the roles. Admins have them all."""
    return bool(roles_of(user) & {*roles, Role.ADMIN})


def role_required(
    *roles: Role,
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """A view for these roles; others get 403."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            if not has_role(request.user, *roles):
                raise PermissionDenied(f"This page is for: {', '.join(roles)}.")
            return view(request, *args, **kwargs)

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


def may_submit_to_production(user: Any) -> bool:
    """Whether the person holds the separate right for production sandboxes."""
    return bool(user.is_authenticated and user.has_perm(SUBMIT_TO_PRODUCTION))
