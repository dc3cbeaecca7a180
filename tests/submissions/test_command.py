"""The ``dataflow`` command, from the file to the dataflow."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from flowsite.credentials.models import SandboxAccess
from flowsite.definitions import yamlform
from flowsite.drafts.models import Draft
from flowsite.emulator.app import Emulator
from flowsite.people.models import AuditEntry, Team
from flowsite.submissions.models import Submission, SubmissionState
from tests.submissions.conftest import NEW_DATASET, document, objects
from tests.submissions.test_mending import REFUSED

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PLACE = ("--credential", "Acme", "--sandbox", "dev")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    def write(**changes: Any) -> str:
        path = tmp_path / "flow.yaml"
        path.write_text(yaml.safe_dump(document(**changes)), encoding="utf-8")
        return str(path)

    return write


def run(*args: str) -> tuple[str, str]:
    """Standard output and standard error."""
    out, err = StringIO(), StringIO()
    call_command("dataflow", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*args: str) -> tuple[str, str]:
    """The error, and what was printed before it."""
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("dataflow", *args, stdout=out, stderr=err)
    return str(caught.value), out.getvalue()


@pytest.mark.parametrize("source", ["paypal", "square", "stripe"])
def test_the_example_can_be_applied(
    access: SandboxAccess, emulator: Emulator, tmp_path: Path, source: str
) -> None:
    path = tmp_path / "flow.yaml"
    names = {"paypal": "PayPal EU", "square": "Square Stores", "stripe": "Stripe Live"}
    text, _ = run("example", "--source", source)
    content = yaml.safe_load(text)
    content["account"] = {"source": source, "name": names[source]}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")

    out, _ = run("apply", str(path), *PLACE)

    result = json.loads(out)
    assert result["state"] == "published"
    assert result["dataflow"] == result["created"]["flow"]
    assert len(objects(emulator, "flow", Submission.objects.get().key)) == 1


def test_plan_stores_nothing(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str]
) -> None:
    before = len(objects(emulator, "dataset")), len(objects(emulator, "schemas"))

    out, _ = run("plan", file(dataset=NEW_DATASET), *PLACE, "--format", "json")

    assert [step["key"] for step in json.loads(out)["steps"]][-1] == "flow"
    assert (len(objects(emulator, "dataset")), len(objects(emulator, "schemas"))) == before
    assert not Submission.objects.exists()


def test_plan_as_curl_is_a_script_without_secrets(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str], tmp_path: Path
) -> None:
    out, _ = run("plan", file(), *PLACE, "--format", "curl")

    script = tmp_path / "plan.sh"
    script.write_text(out)
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    assert "demo-secret" not in out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"account": {"source": "paypal", "name": "PayPal EV"}},
            ["no PayPal account called “PayPal EV”", "PayPal EU"],
            id="an account that isn't there",
        ),
        pytest.param(
            {"data": {"table": "PayPal.Catalog_Product", "columns": "all"}},
            ["no table “PayPal.Catalog_Product”", "PayPal.Catalog_Products"],
            id="a table that isn't there",
        ),
        pytest.param(
            {"data": {"table": "PayPal.Catalog_Products", "columns": ["Create_Time", "Produkt"]}},
            ["no column “Produkt”"],
            id="a column that isn't there",
        ),
        pytest.param(
            {"dataset": {"existing": {"name": "PayPal product"}}},
            ["no dataset called “PayPal product”", "PayPal products"],
            id="a dataset that isn't there",
        ),
        pytest.param(
            {"dataset": {"new": {"name": "X", "schema": {"title": "Produkt catalogue"}}}},
            ["no schema called “Produkt catalogue”", "Product catalogue"],
            id="a schema that isn't there",
        ),
        pytest.param(
            {
                "schedule": {
                    "frequency": "hour",
                    "interval": 1,
                    "start": "2999-01-01T00:00:00Z",
                }
            },
            ["column to load incremental data by", "Create_Time"],
            id="no delta column",
        ),
        pytest.param({"colour": "red"}, ["colour"], id="an unknown key"),
        pytest.param(
            {"mapping": [{"source": "Product_Id", "target": "_acme.nope"}]},
            ["_acme.nope"],
            id="a target that isn't there",
        ),
    ],
)
@pytest.mark.parametrize("action", ["plan", "apply"])
def test_a_mistake_is_a_sentence_with_candidates(
    access: SandboxAccess,
    emulator: Emulator,
    file: Callable[..., str],
    action: str,
    changes: dict[str, Any],
    words: list[str],
) -> None:
    before = len(objects(emulator, "flow"))

    message, _ = refused(action, file(**changes), *PLACE)

    for word in words:
        assert word in message
    assert not Submission.objects.filter(state=SubmissionState.NEEDS_ATTENTION).exists()
    assert len(objects(emulator, "flow")) == before


def test_a_name_in_use_needs_again(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str]
) -> None:
    before = len(objects(emulator, "flow"))
    run("apply", file(), *PLACE)

    message, _ = refused("apply", file(), *PLACE)
    out, err = run("apply", file(), *PLACE, "--again")

    assert "--again" in message
    assert json.loads(out)["state"] == "published"
    assert "exists already" in err
    assert len(objects(emulator, "flow")) == before + 2


def test_production_must_be_named(
    production_access: SandboxAccess, emulator: Emulator, file: Callable[..., str]
) -> None:
    place = ("--credential", "Acme", "--sandbox", "prod")

    message, _ = refused("apply", file(), *place)
    out, _ = run("apply", file(), *place, "--production", "prod")

    assert "production sandbox" in message
    assert json.loads(out)["state"] == "published"


def test_what_stopped_can_be_resumed(
    access: SandboxAccess,
    emulator: Emulator,
    file: Callable[..., str],
    break_call: Callable[..., None],
) -> None:
    break_call("POST", "/flows$", **REFUSED)

    message, out = refused("apply", file(), *PLACE)
    number = json.loads(out)["submission"]
    resumed, _ = run("apply", "--resume", str(number))

    assert f"dataflow apply --resume {number}" in message
    assert set(json.loads(out)["created"]) == {
        "source_connection",
        "target_connection",
        "mapping_set",
    }
    assert json.loads(resumed)["state"] == "published"
    assert len(objects(emulator, "sourceConnection", Submission.objects.get().key)) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        pytest.param(["plan", "/nowhere/x.yaml", *PLACE], "can't be read", id="no file"),
        pytest.param(["apply"], "--resume", id="nothing to do"),
        pytest.param(["apply", "--resume", "99"], "no submission 99", id="no submission"),
        pytest.param(["export", "draft:99"], "no draft 99", id="no draft"),
        pytest.param(["export", "dataflow:99"], "no dataflow 99", id="no dataflow"),
        pytest.param(["export", "something"], "neither", id="no kind"),
        pytest.param(["example", "--source", "payball"], "paypal", id="no source"),
    ],
)
def test_what_is_missing_is_said(access: SandboxAccess, args: list[str], words: str) -> None:
    assert words in refused(*args)[0]


def test_credentials_and_sandboxes_are_listed(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str]
) -> None:
    path = file()

    assert "It has: Acme" in refused("plan", path, "--credential", "X", "--sandbox", "dev")[0]
    assert "dev" in refused("plan", path, "--credential", "Acme", "--sandbox", "nope")[0]


def test_a_draft_survives_export_and_import(draft: Draft) -> None:
    text, _ = run("export", f"draft:{draft.pk}")

    again = yamlform.load(text).model_dump(mode="json", exclude_none=True)
    assert yamlform.dump(yamlform.load(text)) == text
    assert again["mapping"] == draft.definition["mapping"]


def test_a_dataflow_is_exported_by_number_and_by_id(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str]
) -> None:
    out, _ = run("apply", file(), *PLACE)
    submission = Submission.objects.get()

    by_number, _ = run("export", f"dataflow:{submission.dataflow_id}")
    by_id, _ = run("export", json.loads(out)["dataflow"])

    assert by_number == by_id
    assert yamlform.load(by_id).name == "PayPal products"


def test_it_is_audited_as_the_team(
    access: SandboxAccess, emulator: Emulator, file: Callable[..., str], team: Team
) -> None:
    Team.objects.create(name="Others")

    assert "--team" in refused("apply", file(), *PLACE)[0]
    run("apply", file(), *PLACE, "--team", "Default")

    entry = AuditEntry.objects.get(action="dataflow.submitted")
    assert (entry.actor, entry.team) == ("command line", team)


def test_orphans_are_listed_and_removed(
    access: SandboxAccess,
    emulator: Emulator,
    file: Callable[..., str],
    break_call: Callable[..., None],
) -> None:
    break_call("POST", "/flows$", **REFUSED)
    refused("apply", file(), *PLACE)
    Submission.objects.update(state=SubmissionState.CANCELLED)

    listed, _ = run("orphans", *PLACE)
    ids = [one["id"] for one in json.loads(listed) if not one["kept_because"]]
    left, _ = run("orphans", *PLACE, "--remove", *ids)

    assert {one["kind"] for one in json.loads(listed)} == {
        "Source connection",
        "Target connection",
        "Mapping set",
    }
    assert [one["kind"] for one in json.loads(left)] == ["Mapping set"]
