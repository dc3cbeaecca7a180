from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from flowsite.core.encrypted import decrypt
from flowsite.core.keys import new_fernet_key
from flowsite.credentials.models import Credential
from flowsite.credentials.services import encrypted_fields
from flowsite.people.models import Team

ARGUMENTS = ["credential", "add", "Live", "--org-id", "ACME@AdobeOrg", "--client-id", "demo-client"]
ADDRESSES = [
    "--ims-url",
    "http://127.0.0.1:9",
    "--platform-url",
    "http://127.0.0.1:9",
    "--secret-stdin",
]


def add(monkeypatch, secret, *more):
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    out, err = io.StringIO(), io.StringIO()
    call_command(*ARGUMENTS, *ADDRESSES, *more, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_secret_is_all_of_stdin_less_one_newline(monkeypatch, team, emulator):
    add(monkeypatch, " a b\n\n")

    assert decrypt(Credential.objects.get().client_secret) == " a b\n"


def test_adding_tells_the_sandboxes(monkeypatch, team, emulator):
    out, err = add(monkeypatch, "demo-secret\n")

    assert "dev" in out
    assert err == ""


def test_a_dead_platform_is_told_but_the_credential_is_kept(monkeypatch, team):
    _, err = add(monkeypatch, "demo-secret\n")

    assert "could not be tried" in err
    assert Credential.objects.count() == 1


def test_several_teams_must_be_named(monkeypatch, team):
    Team.objects.create(name="Others")

    with pytest.raises(CommandError, match="--team: Default, Others"):
        add(monkeypatch, "x")


def test_an_empty_secret_is_refused(monkeypatch, team):
    with pytest.raises(CommandError, match="no secret"):
        add(monkeypatch, "\n")


def test_a_name_is_given_once_per_team(monkeypatch, team, emulator):
    add(monkeypatch, "demo-secret")

    with pytest.raises(CommandError, match="already has a credential"):
        add(monkeypatch, "demo-secret")


def test_rotation_moves_every_secret_to_the_first_key(credential, settings):
    old, new = settings.ENCRYPTION_KEYS[0], new_fernet_key()
    settings.ENCRYPTION_KEYS = [new, old]

    call_command("credential", "rotate-keys", stdout=io.StringIO())

    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(Credential.objects.get().client_secret) == "demo-secret"


def test_rotation_without_the_old_key_changes_nothing(credential, settings):
    settings.ENCRYPTION_KEYS = [new_fernet_key()]

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("credential", "rotate-keys", stdout=io.StringIO())


def rotate(monkeypatch, secret):
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    call_command("credential", "rotate", "Acme", "--secret-stdin", stdout=io.StringIO())


def test_a_new_secret_that_works_replaces_the_old_one(monkeypatch, credential, emulator):
    Credential.objects.update(client_secret="")

    rotate(monkeypatch, "demo-secret\n")

    assert decrypt(Credential.objects.get().client_secret) == "demo-secret"


def test_a_new_secret_that_fails_is_refused(monkeypatch, credential, emulator):
    with pytest.raises(CommandError, match="stored secret stays in use"):
        rotate(monkeypatch, "wrong")

    assert decrypt(Credential.objects.get().client_secret) == "demo-secret"


def test_no_encrypted_column_is_forgotten():
    names = {f"{one.model._meta.label}.{one.name}" for one in encrypted_fields()}

    assert {"credentials.Credential.client_secret", "credentials.SourceSecret.values"} <= names
    assert "runs.KeptRows.rows" in names
