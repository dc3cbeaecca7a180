"""Submissions against the emulator in this process, with every time shortened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowsite.core import stopping
from flowsite.credentials import connect
from flowsite.credentials.models import SandboxAccess
from flowsite.definitions.complete import complete
from flowsite.definitions.model import DataflowDefinition, PartialDefinition
from flowsite.drafts.models import Draft
from flowsite.emulator.app import Emulator, create_app
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.faults import Fault
from flowsite.people.models import User
from flowsite.submissions import executor, services
from flowsite.submissions.models import ACTIVE, Submission

#: More turns than any test needs: a submission that goes round in circles fails instead.
MOST_TURNS = 200


@pytest.fixture(autouse=True)
def fast(settings: Any) -> None:
    settings.LEASE_S = 3
    settings.LEASE_RENEW_S = 0.5
    settings.QUIET_TIME_S = 0.1
    settings.CREATE_LIMIT_S = 5


@pytest.fixture(autouse=True)
def working() -> Iterator[None]:
    """No test leaves this process asked to stop."""
    yield
    stopping.forget()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An emulator's data file, seeded once: that takes longer than most tests."""
    path = tmp_path_factory.mktemp("emulator") / "seeded.sqlite3"
    create_app(path).close()
    return path


@pytest.fixture
def emulator(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A seeded emulator whose cut connections look like httpx's own."""
    path = shutil.copy(seeded, tmp_path / "emulator.sqlite3")
    app = create_app(path, config=EmulatorConfig(dropped=httpx.ReadError))
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.WSGITransport(app=app))
    yield app
    app.close()


@pytest.fixture
def break_call(emulator: Emulator) -> Callable[..., None]:
    """Orders a fault: ``break_call("POST", "/flows$", kind="drop", committed=True)``."""

    def order(method: str, path: str, **fault: Any) -> None:
        fault = {"times": 1, **fault}
        emulator.world.faults.add(Fault(method=method, path=path, **fault))

    return order


def start() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)


def document(**changes: Any) -> dict[str, Any]:
    """PayPal products into an existing dataset, hourly."""
    return {
        "version": 1,
        "name": "PayPal products",
        "account": {"source": "paypal", "name": "PayPal EU"},
        "data": {"table": "PayPal.Catalog_Products", "columns": "all"},
        "dataset": {"existing": {"name": "PayPal products"}},
        "mapping": "suggested",
        "schedule": {
            "frequency": "hour",
            "interval": 1,
            "start": start().isoformat(),
            "backfill": True,
            "load_incremental_by": "Create_Time",
        },
        "options": {"error_diagnostics": True, "partial_ingestion_percent": 5},
        **changes,
    }


NEW_DATASET = {
    "new": {
        "name": "Products anew",
        "schema": {
            "propose": "profile",
            "identity": {"column": "Product_Id", "namespace": "ProductID"},
        },
    }
}


def definition(**changes: Any) -> DataflowDefinition:
    return complete(PartialDefinition.model_validate(document(**changes)))


@pytest.fixture
def draft(access: SandboxAccess, analyst: User) -> Draft:
    return Draft.objects.create(
        team=access.credential.team,
        owner=analyst,
        sandbox=access.sandbox,
        credential=access.credential,
        definition=document(),
    )


@pytest.fixture
def submit(access: SandboxAccess) -> Callable[..., Submission]:
    """A submission that has begun and that nobody works on yet."""

    def begin(**changes: Any) -> Submission:
        return services.submit_definition(
            definition(**changes),
            team=access.credential.team,
            credential=access.credential,
            sandbox=access.sandbox,
            key=services.new_key(),
            wake=False,
        )

    return begin


def work(submission: Submission) -> Submission:
    """Lets workers do what is due until the submission comes to a stop."""
    for _ in range(MOST_TURNS):
        submission.refresh_from_db()
        if submission.state not in ACTIVE:
            return submission
        executor.run(submission.pk)
        services._nap(submission)
    raise AssertionError(f"{submission} does not come to a stop")


def objects(emulator: Emulator, kind: str, text: str = "") -> list[dict[str, Any]]:
    """What the emulator holds of a kind, with ``text`` in it."""
    rows = emulator.world.store.rows("SELECT * FROM objects WHERE kind = ?", (kind,))
    found = [json.loads(row["body"]) for row in rows]
    return [one for one in found if text in json.dumps(one)]


#: The emulator's words for what may carry a key.
KINDS = (
    "fieldgroups",
    "schemas",
    "dataset",
    "connection",
    "sourceConnection",
    "targetConnection",
    "mappingSet",
    "flow",
)


def counted(emulator: Emulator, submission: Submission) -> dict[str, int]:
    """How many objects of each kind carry the submission's key; kinds without are left out."""
    found = {kind: len(objects(emulator, kind, submission.key)) for kind in KINDS}
    return {kind: count for kind, count in found.items() if count}
