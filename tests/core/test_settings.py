"""Settings are read at start, so each case is a start."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flowsite.core import broker, keys

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "FLOWSITE_ENV": "production",
    "FLOWSITE_SECRET_KEY": "long and random " * 4,
    "FLOWSITE_ENCRYPTION_KEYS": keys.new_fernet_key(),
    "FLOWSITE_ALLOWED_HOSTS": "flowsite.example",
    "FLOWSITE_DATABASE_URL": "postgres://flowsite@127.0.0.1:1/none",
    "FLOWSITE_BROKER_URL": "redis://127.0.0.1:1/0",
    "FLOWSITE_TRUSTED_PROXY": "X-Forwarded-Proto: https",
    "FLOWSITE_OIDC_ISSUER": "https://id.example/realm",
    "FLOWSITE_OIDC_CLIENT_ID": "flowsite",
    "FLOWSITE_OIDC_CLIENT_SECRET": "from the provider",
}


def start(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLOWSITE_")}
    return subprocess.run(
        [sys.executable, "manage.py", *(arguments or ("check",))],
        cwd=ROOT,
        env={**clean, "FLOWSITE_DATA_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLOWSITE_PORT", "eight"),
        ("FLOWSITE_ENV", "staging"),
        ("FLOWSITE_ENCRYPTION_KEYS", "not-a-key"),
        ("FLOWSITE_LEASE_S", "soon"),
        ("FLOWSITE_DATABASE_URL", "nonsense"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_the_variable(tmp_path, name, value):
    result = start(tmp_path, **{name: value})

    assert result.returncode != 0
    assert name in result.stderr.splitlines()[-1]


def test_production_names_every_missing_secret(tmp_path):
    result = start(tmp_path, FLOWSITE_ENV="production", FLOWSITE_SECRET_KEY="x" * 60)

    assert result.returncode != 0
    last = result.stderr.splitlines()[-1]
    assert "FLOWSITE_ENCRYPTION_KEYS" in last
    assert "FLOWSITE_DATABASE_URL" in last
    assert "FLOWSITE_SECRET_KEY" not in last


def test_a_secret_may_come_from_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(keys.new_fernet_key() + "\n")
    given = {name: v for name, v in PRODUCTION.items() if name != "FLOWSITE_ENCRYPTION_KEYS"}

    result = start(tmp_path, FLOWSITE_ENCRYPTION_KEYS_FILE=str(secret), **given)

    assert result.returncode == 0, result.stderr


def test_a_file_that_is_not_there_is_named(tmp_path):
    result = start(tmp_path, FLOWSITE_SECRET_KEY_FILE="/no/such/file")

    assert "FLOWSITE_SECRET_KEY_FILE: /no/such/file" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"FLOWSITE_OIDC_ISSUER": "https://id.example"}, "FLOWSITE_OIDC_CLIENT_ID"),
        ({"FLOWSITE_OIDC_ONLY": "true"}, "FLOWSITE_OIDC_ISSUER"),
        (
            {
                "FLOWSITE_OIDC_ISSUER": "http://id.example",
                "FLOWSITE_OIDC_CLIENT_ID": "a",
                "FLOWSITE_OIDC_CLIENT_SECRET": "b",
            },
            "must start with https://",
        ),
    ],
)
def test_a_half_configured_organisation_stops_the_start(tmp_path, given, named):
    result = start(tmp_path, **given)

    assert result.returncode != 0
    assert named in result.stderr.splitlines()[-1]


def test_production_settings_pass_the_deployment_check(tmp_path):
    result = start(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert result.returncode == 0, result.stderr


def test_development_makes_its_keys_once_and_only_for_the_owner(tmp_path):
    start(tmp_path)
    first = (tmp_path / "keys" / "secret").read_text()
    start(tmp_path)

    assert (tmp_path / "keys" / "secret").read_text() == first
    assert stat.S_IMODE((tmp_path / "keys" / "fernet").stat().st_mode) == 0o600


def test_a_long_data_path_moves_the_socket(tmp_path):
    near = broker.socket_path(Path("/srv/flowsite"))
    far = broker.socket_path(tmp_path / ("x" * 120))

    assert near == Path("/srv/flowsite/broker/broker.sock")
    assert len(str(far)) < broker.LONGEST_SOCKET_PATH
