"""Backup → wipe → restore → the same state."""

from __future__ import annotations

import gzip
import io
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from flowsite.core.encrypted import decrypt
from flowsite.core.keys import new_fernet_key
from flowsite.credentials.models import Credential, SourceAccount, SourceSecret
from flowsite.drafts.models import Draft
from flowsite.operations import archive
from flowsite.operations.models import Tally
from flowsite.people import audit
from flowsite.people.models import AuditEntry, Team, User
from flowsite.people.rights import Role, may_submit_to_production, roles_of
from flowsite.runs.models import Dataflow, FlowRun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
#: Microseconds and old "automatic" times must survive.
LONG_AGO = datetime(2025, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)


def whole_database() -> dict[str, list[str]]:
    """Table → rows as text, of all that a backup holds."""
    found = {}
    with connection.cursor() as cursor:
        for model in archive.kept_models():
            name = connection.ops.quote_name(model._meta.db_table)
            key = connection.ops.quote_name(model._meta.pk.column)
            cursor.execute(f"SELECT * FROM {name} ORDER BY {key}")
            found[name] = [str(row) for row in cursor.fetchall()]
    return found


@pytest.fixture
def state(admin, analyst, credential, access, team):
    """Something of everything."""
    from django.contrib.auth.models import Permission

    admin.user_permissions.add(Permission.objects.get(codename="submit_to_production"))
    audit.record("x.y", user=admin, team=team, changes={"ä": [None, {"deep": [1, 2.5]}]})
    Draft.objects.create(
        team=team,
        owner=analyst,
        sandbox=access.sandbox,
        credential=credential,
        definition={"name": "Ångström \u2028 \U0001f600"},
    )
    SourceAccount.objects.create(sandbox=access.sandbox, connection_id="c", name="A", test_ok=None)
    SourceSecret.objects.create(team=team, values="")
    flow = Dataflow.objects.create(
        sandbox=access.sandbox, flow_id="f", name="F", latest_at=LONG_AGO, strip=[[1, "x", None]]
    )
    FlowRun.objects.create(
        dataflow=flow, sandbox=access.sandbox, run_id="r", at=LONG_AGO, received=2**40
    )
    Tally.objects.create(kind="aep", name="x", outcome="200", seconds=0.1)
    Credential._base_manager.update(created_at=LONG_AGO)
    SourceAccount._base_manager.update(seen_at=LONG_AGO)
    return whole_database


def backup(path: Path) -> str:
    out = io.StringIO()
    call_command("backup", str(path), stdout=out)
    return out.getvalue()


def restore(path: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("restore", str(path), *options, stdout=out, stderr=out)
    return out.getvalue()


def test_a_restore_brings_back_the_same_state(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    backup(file)
    before = state()
    call_command("flush", interactive=False, verbosity=0)
    assert state() != before

    restore(file)

    after = state()
    restored = after.pop(connection.ops.quote_name("people_auditentry"))
    expected = before.pop(connection.ops.quote_name("people_auditentry"))
    assert after == before
    assert restored[:-1] == expected
    assert "backup.restored" in restored[-1]


def test_people_work_on_after_a_restore(state, tmp_path, client):
    file = tmp_path / "flowsite.backup"
    backup(file)
    call_command("flush", interactive=False, verbosity=0)
    restore(file)

    admin = User.objects.get(username="admin")
    assert roles_of(admin) == {Role.ADMIN}
    assert may_submit_to_production(admin)
    assert decrypt(Credential.objects.get().client_secret) == "demo-secret"
    values = {"username": "admin", "password": "a good passphrase"}
    assert client.post("/sign-in/", values).status_code == 302
    assert Team.objects.create(name="New").pk > Team.objects.get(name="Default").pk


def test_a_backup_is_for_its_owner_alone_and_holds_no_plain_secret(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    said = backup(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = gzip.decompress(file.read_bytes()).decode()
    assert "demo-secret" not in text
    assert f"{text.count(chr(10)) - 2 - len(archive.kept_models()):,} rows" in said


def test_a_backup_overwrites_nothing(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    file.write_text("precious")

    with pytest.raises(CommandError, match="exists already"):
        backup(file)

    assert file.read_text() == "precious"


def test_a_database_in_use_is_not_replaced_by_mistake(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    backup(file)
    User.objects.create(username="later")

    with pytest.raises(CommandError, match="--replace"):
        restore(file)
    assert User.objects.filter(username="later").exists()

    restore(file, "--replace")
    assert not User.objects.filter(username="later").exists()


def lines(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda rows: rows[:-1], "end is missing", id="cut"),
        pytest.param(lambda rows: rows[:1], "end is missing", id="only the head"),
        pytest.param(
            lambda rows: [row.replace(b"Acme", b"Evil") for row in rows], "checksum", id="changed"
        ),
        pytest.param(lambda rows: rows[:5] + rows[6:], "damaged", id="a line is missing"),
        pytest.param(lambda rows: [*rows, b"[1]\n"], "follows the end", id="more after the end"),
        pytest.param(lambda rows: [b"{}\n", *rows], "no backup", id="another head"),
        pytest.param(lambda rows: [b"hello\n"], "can't be read", id="no JSON"),
    ],
)
def test_a_damaged_backup_changes_nothing(state, tmp_path, damage, words):
    file = tmp_path / "flowsite.backup"
    backup(file)
    file.write_bytes(gzip.compress(b"".join(damage(lines(file)))))
    before = state()

    with pytest.raises(CommandError, match=words):
        restore(file, "--replace")

    assert state() == before


def test_a_file_that_is_no_gzip_is_told(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    file.write_text("hello")

    with pytest.raises(CommandError, match="can't be read as a backup"):
        restore(file, "--replace")


def test_a_backup_of_another_release_is_refused(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    backup(file)
    first, *rest = lines(file)
    head = json.loads(first)
    head["migrations"].append("people.0099_future")
    file.write_bytes(gzip.compress(b"".join([json.dumps(head).encode() + b"\n", *rest])))

    with pytest.raises(CommandError, match=r"another release.*people\.0099_future"):
        restore(file, "--replace")


def test_missing_keys_are_told(state, tmp_path, settings):
    file = tmp_path / "flowsite.backup"
    backup(file)
    settings.ENCRYPTION_KEYS = [new_fernet_key()]

    assert "1 stored secrets can't be opened" in restore(file, "--replace")


def test_a_backup_does_not_keep_writers_waiting(state, tmp_path, monkeypatch):
    """While rows are being read, somebody else writes and is not in the backup."""
    from threading import Thread

    seen = []

    def write() -> None:
        AuditEntry.objects.create(actor="meanwhile", action="x.y")
        seen.append(True)
        connection.close()

    models = archive.kept_models()

    def slowly():
        yield models[0]
        thread = Thread(target=write)
        thread.start()
        thread.join(5)
        yield from models[1:]

    monkeypatch.setattr(archive, "kept_models", slowly)
    file = tmp_path / "flowsite.backup"
    backup(file)

    assert seen == [True]
    assert b"meanwhile" not in gzip.decompress(file.read_bytes())


def test_the_old_times_are_the_files_times(state, tmp_path):
    file = tmp_path / "flowsite.backup"
    backup(file)

    restore(file, "--replace")

    assert Credential.objects.get().created_at == LONG_AGO
    assert FlowRun.objects.get().at == LONG_AGO
    assert SourceAccount.objects.get().seen_at - LONG_AGO < timedelta(microseconds=1)
