"""Fixtures shared by all rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from flowsite.core.encrypted import encrypt
from flowsite.credentials import connect
from flowsite.credentials.models import Credential, Organisation, Sandbox, SandboxAccess
from flowsite.people.models import Membership, Team, User
from flowsite.people.rights import Role

EMULATOR_URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Throttle files and their kin stay apart between tests."""
    settings.DATA_DIR = tmp_path_factory.mktemp("data")
    # The real one takes a third of a second, on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request in another language leaves it to its thread, where the next one sets its own."""
    yield
    translation.activate(django_settings.LANGUAGE_CODE)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit get the migrated rows anew, into tables that are really empty.

    A test that drives a browser has a connection of its own, whose clearing makes content types
    again; they would clash with the stored ones.
    """
    restore = connection.creation.deserialize_db_from_string

    def restore_into_empty_tables(data: str) -> None:
        options = {"reset_sequences": False, "inhibit_post_migrate": True}
        call_command("flush", verbosity=0, interactive=False, **options)
        restore(data)

    connection.creation.deserialize_db_from_string = restore_into_empty_tables


@pytest.fixture
def team(db: None) -> Team:
    """The team of the migration, made anew where a test emptied the tables."""
    return Team.objects.get_or_create(name="Default")[0]


def make_user(name: str, role: Role, team: Team) -> User:
    user = User.objects.create_user(username=name, password="a good passphrase")
    user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    Membership.objects.create(user=user, team=team)
    return user


@pytest.fixture
def analyst(team: Team) -> User:
    return make_user("analyst", Role.ANALYST, team)


@pytest.fixture
def ops(team: Team) -> User:
    return make_user("ops", Role.OPS, team)


@pytest.fixture
def admin(team: Team) -> User:
    return make_user("admin", Role.ADMIN, team)


@pytest.fixture
def stranger(db: None) -> User:
    """An analyst of another team."""
    return make_user("stranger", Role.ANALYST, Team.objects.create(name="Others"))


@pytest.fixture
def client_as() -> Callable[[User], Client]:
    """A browser in which the person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def credential(team: Team) -> Credential:
    """A credential of the seeded organisation; makes no call by itself."""
    organisation = Organisation.objects.create(org_id="ACME@AdobeOrg")
    return Credential.objects.create(
        team=team,
        organisation=organisation,
        name="Acme",
        client_id="demo-client",
        client_secret=encrypt("demo-secret"),
        ims_url=EMULATOR_URL,
        platform_url=EMULATOR_URL,
    )


def grant(credential: Credential, name: str, kind: str) -> SandboxAccess:
    sandbox = Sandbox.objects.create(
        organisation=credential.organisation, name=name, title=name.title(), type=kind
    )
    return SandboxAccess.objects.create(
        credential=credential, sandbox=sandbox, seen_at=timezone.now() - timedelta(minutes=1)
    )


@pytest.fixture
def access(credential: Credential) -> SandboxAccess:
    """The way into the development sandbox ``dev``."""
    return grant(credential, "dev", "development")


@pytest.fixture
def production_access(credential: Credential) -> SandboxAccess:
    """The way into the production sandbox ``prod``."""
    return grant(credential, "prod", "production")


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The emulator, mounted in-process: every call of the product ends there."""
    from flowsite.emulator.app import create_app

    app = create_app(":memory:")
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.WSGITransport(app=app))
    yield app
    if close := getattr(app, "close", None):
        close()
