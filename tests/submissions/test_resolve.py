"""From the names in a definition to the facts of a sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowsite.aep.errors import ServerError
from flowsite.aep.platform import Platform
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.emulator.app import Emulator
from flowsite.planning.facts import Facts
from flowsite.submissions.models import Submission
from flowsite.submissions.preflight import findings
from flowsite.submissions.resolve import Unresolved, place_of, resolve
from tests.submissions.conftest import NEW_DATASET, definition, work

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def platform(access: SandboxAccess, emulator: Emulator) -> Platform:
    return open_platform(access.credential, access.sandbox)


def facts_of(platform: Platform, access: SandboxAccess, **changes: Any) -> Facts:
    place = place_of(access.credential, access.sandbox)
    return resolve(definition(**changes), platform, place=place)


def test_columns_are_kept_byte_for_byte(platform: Platform, access: SandboxAccess) -> None:
    facts = facts_of(platform, access)

    account = facts.base_connection_id or ""
    explored = platform.flow_service.explore_table(account, "PayPal.Catalog_Products")
    assert [column.raw for column in facts.columns] == explored.columns


def test_only_the_chosen_columns_are_kept(platform: Platform, access: SandboxAccess) -> None:
    data = {"table": "PayPal.Catalog_Products", "columns": ["Product_Id", "Create_Time"]}

    facts = facts_of(platform, access, data=data)

    assert {column.name for column in facts.columns} == {"Product_Id", "Create_Time"}


def test_a_rest_source_has_its_own_flow_spec_and_leaves(
    platform: Platform, access: SandboxAccess
) -> None:
    facts = facts_of(
        platform,
        access,
        account={"source": "stripe", "name": "Stripe Live"},
        data={"resource": "charges", "columns": "all"},
        dataset={"existing": {"name": "Stripe charges"}},
        schedule={"frequency": "hour", "interval": 1, "start": "2999-01-01T00:00:00Z"},
    )

    assert (facts.flow_spec.name, facts.source_kind) == ("RestStorageToAEP", "rest")
    assert "data.amount" in {column.name for column in facts.columns}


def test_everything_that_is_wrong_is_said_at_once(
    platform: Platform, access: SandboxAccess
) -> None:
    with pytest.raises(Unresolved) as caught:
        facts_of(
            platform,
            access,
            account={"source": "paypal", "name": "Nobody"},
            dataset={"existing": {"name": "Nothing"}},
        )

    assert [problem.step for problem in caught.value.problems] == ["account", "dataset"]


def test_two_of_a_name_are_listed_by_id(platform: Platform, access: SandboxAccess) -> None:
    first = next(iter(platform.catalog.datasets(name="PayPal products")))
    body = {
        "name": first.name,
        "schemaRef": {"id": first.schema_id, "contentType": first.schema_content_type},
    }
    second = platform.catalog.create_dataset(body)

    with pytest.raises(Unresolved) as caught:
        facts_of(platform, access)

    message = caught.value.problems[0].message
    assert first.id in message
    assert second.id in message


def test_an_account_of_another_source_is_refused(platform: Platform, access: SandboxAccess) -> None:
    square = next(iter(platform.flow_service.connections([("name", "==", "Square Stores")])))

    with pytest.raises(Unresolved, match="not one of PayPal"):
        facts_of(platform, access, account={"source": "paypal", "id": square.id})


def test_the_provider_is_quoted_when_it_refuses(platform: Platform, access: SandboxAccess) -> None:
    with pytest.raises((Unresolved, ServerError)) as caught:
        facts_of(platform, access, account={"source": "paypal", "name": "PayPal Legacy"})

    assert "CONNECTOR" in str(caught.value)


def test_an_outage_is_not_a_mistake_of_the_definition(
    platform: Platform, access: SandboxAccess, break_call: Callable[..., None], settings: Any
) -> None:
    break_call("GET", "/flowSpecs", kind="status", status=503, times=None)
    platform.session._max_wait_s = 0

    with pytest.raises(ServerError):
        facts_of(platform, access)


def test_own_objects_do_not_take_a_name(
    platform: Platform, access: SandboxAccess, submit: Callable[..., Submission]
) -> None:
    submission = work(submit(dataset=NEW_DATASET))
    document = definition(dataset=NEW_DATASET)

    own = resolve(document, platform, key=submission.key)
    other = resolve(document, platform)

    assert (own.dataset_name_taken, own.dataflow_name_taken) == (False, False)
    assert (other.dataset_name_taken, other.dataflow_name_taken) == (True, True)


def test_batches_of_other_dataflows_count_against_the_guardrail(
    platform: Platform, access: SandboxAccess, submit: Callable[..., Submission]
) -> None:
    profile = {
        "dataset": {"new": {**NEW_DATASET["new"], "profile_enabled": True}},
        "schedule": {
            "frequency": "minute",
            "interval": 20,
            "start": "2999-01-01T00:00:00Z",
            "load_incremental_by": "Create_Time",
        },
    }
    work(submit(**profile))

    facts = facts_of(platform, access, **profile)

    assert facts.other_profile_batches_per_day == 72
    codes = {one.code for one in findings(definition(**profile), facts, platform)}
    assert "profile-guardrail" in codes


def test_an_expression_is_checked_for_a_schema_that_does_not_exist(
    platform: Platform, access: SandboxAccess
) -> None:
    changes = {
        "dataset": NEW_DATASET,
        "mapping": [{"expression": "nosuchfunction(Product_Name)", "target": "_acme.productName"}],
    }

    facts = facts_of(platform, access, **changes)
    found = findings(definition(**changes), facts, platform)

    assert [(one.code, one.field) for one in found if one.blocks] == [
        ("mapping-refused", "mapping[0]")
    ]
