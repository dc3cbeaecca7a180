"""Every address × every role, generated from the URL configuration and held to ``rules.RULES``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, SlugConverter, StringConverter, UUIDConverter

from flowsite.people.models import User
from flowsite.people.rights import Role
from tests.people.rules import EVERYBODY, PUBLIC, RULES, Rule

#: A value of each kind for which no object exists.
NOWHERE = {
    IntConverter: 987_654_321,
    SlugConverter: "no-such-thing",
    StringConverter: "no-such-thing",
    UUIDConverter: uuid.UUID(int=1),
}
#: For converters of rooms, by the name they are registered under.
NAMED = {"StepConverter": "account"}


def walk(patterns: list[Any], outer: str = "", space: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(route, pattern) of every address; the pattern's name with its namespace."""
    for one in patterns:
        route = outer + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from walk(one.url_patterns, route, inner)
        else:
            yield f"{space}{one.name or ''}", one


EVERY = dict(walk(get_resolver().url_patterns))
NAMES = sorted(name for name in EVERY if name in RULES)


def address(name: str) -> str:
    kinds = EVERY[name].pattern.converters
    values = {
        key: NAMED.get(type(kind).__name__) or NOWHERE[type(kind)] for key, kind in kinds.items()
    }
    return reverse(name, kwargs=values)


def allowed(rule: Rule, role: Role | None) -> bool:
    if isinstance(rule, str):
        return rule in {PUBLIC, EVERYBODY}
    return role is Role.ADMIN or role in rule


def test_every_url_has_a_rule():
    missing = [
        f"{name or 'without a name'} ({pattern.pattern})"
        for name, pattern in EVERY.items()
        if name not in RULES
    ]

    assert not missing, (
        "These URLs have no rule. Say in tests/people/rules.py who may open them: "
        + "; ".join(missing)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_view_says_the_roles_of_its_rule(name):
    view, rule = EVERY[name].callback, RULES[name]
    said = getattr(view, "roles", None)

    assert getattr(view, "login_required", True) is (rule != PUBLIC)
    if isinstance(rule, str):
        assert said is None
    else:
        assert said is not None, f"{name}: put role_required(…) on the view"
        assert {*said, Role.ADMIN} == {*rule, Role.ADMIN}


@pytest.fixture
def nobody(db: None) -> User:
    """A person without a role and without a team."""
    return User.objects.create_user(username="nobody")


ROLES: dict[str, Role | None] = {
    "analyst": Role.ANALYST,
    "ops": Role.OPS,
    "admin": Role.ADMIN,
    "nobody": None,
}


@pytest.mark.parametrize("who", ROLES)
def test_a_role_opens_exactly_its_addresses(
    who: str, request: pytest.FixtureRequest, client_as: Callable[[User], Client]
):
    browser = client_as(request.getfixturevalue(who))
    browser.raise_request_exception = False
    wrong = []
    for name in NAMES:
        if name == "sign-out":
            continue
        got = {browser.get(address(name)).status_code}
        if allowed(RULES[name], ROLES[who]):
            fits = not got & {403, 500}
        else:
            # 405: the view takes one method only, and says so before it looks at the role.
            got.add(browser.post(address(name)).status_code)
            fits = 403 in got and got <= {403, 405}
        if not fits:
            wrong.append(f"{name}: {got}")

    assert wrong == []


def test_without_a_session_only_public_addresses_answer(client, db):
    wrong = []
    for name in NAMES:
        for method in (client.get, client.post):
            answer = method(address(name))
            sent_away = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
            if sent_away is (RULES[name] == PUBLIC):
                wrong.append(f"{name}: {answer.status_code}")

    assert wrong == []


# --- objects of other teams ----------------------------------------------------------------------

OF_A_CREDENTIAL = ["credential", "credential-test", "credential-delete"]


@pytest.mark.parametrize("name", OF_A_CREDENTIAL)
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_teams_credential_does_not_exist(client_as, admin, credential, name, method):
    admin.teams.clear()

    answer = getattr(client_as(admin), method)(reverse(name, args=[credential.pk]))

    assert answer.status_code in ({404, 405} if method == "get" else {404})
