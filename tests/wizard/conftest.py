"""Drafts, browsers and an emulator in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from flowsite.credentials import connect
from flowsite.credentials.models import SandboxAccess, SourceAccount
from flowsite.definitions.model import PartialDefinition
from flowsite.drafts.models import Draft
from flowsite.drafts.services import create_draft
from flowsite.emulator.app import Emulator, create_app
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.faults import Fault
from flowsite.people.models import User
from flowsite.wizard import accounts as accounts_module
from flowsite.wizard import lookups as lookups_module
from flowsite.wizard.accounts import refresh_accounts

HTMX = {"HX-Request": "true"}
AUTOSAVE = {"X-Autosave": "1"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two attempts."""
    for module in (accounts_module, lookups_module):
        monkeypatch.setattr(module, "PATIENCE_S", 0.05)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An emulator's data file, seeded once: that takes longer than most tests."""
    path = tmp_path_factory.mktemp("emulator") / "seeded.sqlite3"
    create_app(path, config=EmulatorConfig(hostile=True)).close()
    return path


@pytest.fixture
def emulator(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A seeded emulator with hostile tables."""
    path = shutil.copy(seeded, tmp_path / "emulator.sqlite3")
    app = create_app(path, config=EmulatorConfig(dropped=httpx.ReadError, hostile=True))
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.WSGITransport(app=app))
    yield app
    app.close()


@pytest.fixture
def down(monkeypatch: pytest.MonkeyPatch) -> None:
    """An AEP that nobody reaches."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host", request=request)

    monkeypatch.setattr(connect, "make_transport", lambda: httpx.MockTransport(refuse))


@pytest.fixture
def break_call(emulator: Emulator) -> Callable[..., None]:
    """Orders a fault: ``break_call("GET", "/explore$", kind="status", status=500)``."""

    def order(method: str, path: str, **fault: Any) -> None:
        emulator.world.faults.add(Fault(method=method, path=path, **{"times": 1, **fault}))

    return order


@pytest.fixture
def browser(analyst: User, access: SandboxAccess, client_as: Callable[[User], Client]) -> Client:
    """The analyst's, in sandbox ``dev``."""
    return client_as(analyst)


@pytest.fixture
def accounts(emulator: Emulator, access: SandboxAccess) -> dict[str, SourceAccount]:
    """The emulator's accounts by name, as kept after a look."""
    refresh_accounts(access.credential, access.sandbox)
    return {row.name: row for row in SourceAccount.objects.all()}


@pytest.fixture
def make_draft(access: SandboxAccess, analyst: User) -> Callable[..., Draft]:
    """A draft of the analyst's with the given parts."""

    def make(**parts: Any) -> Draft:
        return create_draft(
            team=access.credential.team,
            owner=analyst,
            sandbox_id=access.sandbox_id,
            credential_id=access.credential_id,
            definition=PartialDefinition.model_validate({"version": 1, **parts}),
        )

    return make


def soon() -> datetime:
    """A start that no rule minds."""
    return (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)


@pytest.fixture
def paypal(accounts: dict[str, SourceAccount]) -> Callable[..., dict[str, Any]]:
    """The parts of a finished PayPal draft with a proposed schema, with changes."""

    def parts(**changes: Any) -> dict[str, Any]:
        account = accounts["PayPal EU"]
        whole: dict[str, Any] = {
            "name": "PayPal products",
            "account": {"source": "paypal", "id": account.connection_id, "name": account.name},
            "data": {"table": "PayPal.Catalog_Products"},
            "dataset": {"new": {"name": "Products of PayPal", "schema": {"propose": "profile"}}},
            "mapping": "suggested",
            "schedule": {
                "frequency": "hour",
                "interval": 1,
                "start": soon().isoformat(),
                "backfill": True,
                "load_incremental_by": "Create_Time",
            },
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    return parts


def text_of(response: Any) -> str:
    return response.content.decode()
