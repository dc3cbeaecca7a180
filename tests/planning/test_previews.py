"""A plan for people: words, requests, and a shell script that really runs."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from flowsite.definitions.columns import columns_from_flat
from flowsite.definitions.model import Identity, MappingRow
from flowsite.planning.build import build_plan
from flowsite.planning.facts import Place, SpecRef
from flowsite.planning.lifecycle import account_plan, mapping_plan
from flowsite.planning.plan import SecretRef, fill
from flowsite.planning.preview import curl, words
from tests.planning.planning_cases import COLUMNS, KEY, definition, facts, flat

HOSTILE = 'it\'s "$(touch pwned)" `touch pwned`\nEND_OF_BODY\ntouch pwned #'

# Stands in for curl: writes down what it was asked and answers as the service would.
FAKE_CURL = r"""#!/usr/bin/env python3
import json, os, pathlib, sys
args = sys.argv[1:]
method = args[args.index("-X") + 1]
url = next(one for one in args if one.startswith("https://"))
headers = [args[i + 1] for i, one in enumerate(args) if one == "-H"]
body = json.load(sys.stdin) if "--data-binary" in args else None
log = pathlib.Path(os.environ["CALLS"])
calls = json.loads(log.read_text()) if log.exists() else []
calls.append({"method": method, "url": url, "headers": headers, "body": body})
log.write_text(json.dumps(calls))
if os.environ.get("FAIL_AT") == str(len(calls)):
    print('{"errorMessage": "no"}')
    sys.exit(22)
kind = url.split("?")[0].rsplit("/", 1)[-1]
if kind in ("schemas", "fieldgroups"):
    print(json.dumps({"$id": f"https://ns/{kind}/1", "meta:altId": f"_acme.{kind}.1"}))
elif kind == "dataSets":
    print('["@/dataSets/d-1"]')
elif kind == "validate":
    print(json.dumps({"validationResponse": [{"status": os.environ.get("VALID", "SUCCESS")}]}))
elif method == "GET":
    transformations = [{"name": "Copy"}, {"name": "Mapping"}]
    print(json.dumps({"items": [{"etag": '"e-1"', "transformations": transformations}]}))
else:
    print(json.dumps({"id": f"{kind}-1", "version": 0, "etag": '"e"'}))
"""


@pytest.fixture
def run_script(tmp_path: Path):
    """Runs a script with a curl of ours; answers with the process and the calls it made."""
    bash = shutil.which("bash")
    assert bash is not None
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = folder / "curl"
    fake.write_text(FAKE_CURL)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    calls = tmp_path / "calls.json"

    def run(script: str, **env: str):
        done = subprocess.run(
            [bash, "-s"],
            input=script,
            env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls), **env},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done, json.loads(calls.read_text()) if calls.exists() else []

    return run


def test_the_script_sends_the_bodies_of_the_plan(run_script):
    made = definition(
        "paypal",
        "profile",
        identity=Identity(column="Product_Id", namespace="CRMID"),
        profile=True,
    )
    plan = build_plan(made, facts(made), KEY)

    done, calls = run_script(curl(plan), ACCESS_TOKEN="t0ken")

    answers = {
        "field_group": {"id": "https://ns/fieldgroups/1"},
        "schema": {"id": "https://ns/schemas/1"},
        "dataset": {"id": "d-1"},
        "source_connection": {"id": "sourceConnections-1"},
        "target_connection": {"id": "targetConnections-1"},
        "mapping_set": {"id": "mappingSets-1", "version": 0},
    }
    assert done.returncode == 0, done.stderr
    assert [call["body"] for call in calls] == [fill(step.body, answers) for step in plan.steps]
    assert [call["url"] for call in calls] == [
        "https://platform.adobe.io" + step.path.replace("{schema.alt_id}", "_acme.schemas.1")
        for step in plan.steps
    ]
    assert done.stdout.splitlines()[-1] == "flow flows-1"
    for call in calls:
        assert call["headers"][:4] == [
            "Authorization: Bearer t0ken",
            "x-api-key: client-1",
            "x-gw-ims-org-id: ACME@AdobeOrg",
            "x-sandbox-name: dev-eu",
        ]


def test_hostile_names_stay_text_in_the_script(run_script, tmp_path):
    columns = columns_from_flat([flat(HOSTILE), flat("Create_Time", form="date-time")])
    data = definition().data.model_copy(update={"table": HOSTILE})
    made = definition("paypal", "profile", data=data, description=HOSTILE)
    place = Place(sandbox="$(touch pwned)", org_id="'; touch pwned #", client_id="c")
    plan = build_plan(made, facts(made, columns=columns, place=place), KEY)

    done, calls = run_script(curl(plan), ACCESS_TOKEN="t")

    assert done.returncode == 0, done.stderr
    sources = [call["body"] for call in calls if call["url"].endswith("/sourceConnections")]
    assert sources[0]["params"]["tableName"] == HOSTILE
    assert sources[0]["params"]["columns"][0]["name"] == HOSTILE
    assert calls[0]["headers"][3] == "x-sandbox-name: $(touch pwned)"
    assert not (tmp_path / "pwned").exists()


def test_the_script_stops_at_the_first_failure(run_script):
    made = definition("paypal", "profile")
    script = curl(build_plan(made, facts(made), KEY))

    done, calls = run_script(script, ACCESS_TOKEN="t", FAIL_AT="2")

    assert done.returncode != 0
    assert len(calls) == 2
    assert '{"errorMessage": "no"}' in done.stderr


def test_the_script_stops_at_an_invalid_mapping(run_script):
    made = definition("paypal", "profile")
    script = curl(build_plan(made, facts(made), KEY))

    done, calls = run_script(script, ACCESS_TOKEN="t", VALID="FAILED")

    assert done.returncode != 0
    assert calls[-1]["url"].endswith("/mappingSets/validate")


def test_the_script_asks_for_what_it_needs(run_script):
    made = definition()
    script = curl(build_plan(made, facts(made), KEY))

    done, calls = run_script(script)

    assert done.returncode != 0
    assert "Set ACCESS_TOKEN to an access token." in done.stderr
    assert calls == []


def test_a_secret_comes_from_a_variable_and_is_never_in_the_script(run_script):
    plan = account_plan(
        name="PayPal EU",
        description=None,
        spec=SpecRef(id="spec-1"),
        auth_spec="Basic",
        params={"clientSecret": SecretRef("7.clientSecret", "clientSecret")},
        key=KEY,
        place=Place(client_id="c", org_id="o", sandbox="s"),
    )
    script = curl(plan)

    done, calls = run_script(script, ACCESS_TOKEN="t", SECRET_CLIENT_SECRET='p"w$d\\')

    assert done.returncode == 0, done.stderr
    assert calls[0]["body"]["auth"]["params"] == {"clientSecret": 'p"w$d\\'}
    assert "7.clientSecret" not in script


def test_a_mapping_is_patched_by_name_with_the_etag(run_script):
    plan = mapping_plan(
        "f-1",
        "Flow",
        mapping_set_id="m-1",
        mapping_set_name="Flow mapping",
        schema_id="s-1",
        rows=[MappingRow(source="Product_Id", target="_id")],
        columns=COLUMNS["paypal"],
        key=KEY,
        place=Place(client_id="c", org_id="o", sandbox="s"),
    )

    done, calls = run_script(curl(plan), ACCESS_TOKEN="t")

    assert done.returncode == 0, done.stderr
    assert [call["method"] for call in calls] == ["PUT", "GET", "PATCH"]
    assert 'If-Match: "e-1"' in calls[2]["headers"]
    assert calls[2]["body"] == [
        {
            "op": "replace",
            "path": "/transformations/1",
            "value": {"name": "Mapping", "params": {"mappingId": "m-1", "mappingVersion": 0}},
        }
    ]


def test_words_have_three_groups_and_every_request():
    made = definition("paypal", "profile", "once")
    plan = build_plan(made, facts(made), KEY)
    seen = words(plan)

    assert [(group.title, group.step) for group in seen.groups] == [
        ("Account & data", "account"),
        ("Dataset & mapping", "dataset"),
        ("Schedule", "schedule"),
    ]
    assert [(line.label, line.value) for line in seen.groups[2].lines] == [
        ("Frequency", "Once"),
        ("Start time", "2027-01-01 00:00:00 UTC"),
    ]
    assert [request.key for request in seen.requests] == [step.key for step in plan.steps]
    assert '"dataSetId": "{dataset.id}"' in seen.requests[5].body


def test_words_say_which_columns_are_dropped():
    rows = (MappingRow(source="Product_Id", target="_id"),)
    made = definition(mapping=rows)
    group = words(build_plan(made, facts(made), KEY)).groups[1]

    assert [line.value for line in group.lines if line.label == "Unmapped columns"] == [
        "3, silently dropped: Product_Name, Description, Create_Time"
    ]
