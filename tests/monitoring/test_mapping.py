from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from flowsite.definitions.model import MappingRow
from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.runs import mapping_edits
from flowsite.runs.mapping_edits import RowChange
from flowsite.runs.models import Dataflow, MappingEdit
from flowsite.submissions.models import Kind, Submission
from flowsite.submissions.services import SubmissionRefused, submit_draft
from tests.monitoring.conftest import MakeFlow
from tests.monitoring.test_dataflow import DEFINITION

ClientAs = Callable[[User], Client]
ROWS = [
    {"source": "Product_Id", "target": "_{tenant}.productId"},
    {"source": "Name", "target": "_{tenant}.name"},
]


@pytest.fixture
def flow(make_flow: MakeFlow) -> Dataflow:
    row = make_flow()
    definition = {**DEFINITION, "mapping": ROWS}
    values = {"definition": definition, "facts": {"tenant_id": "acme"}, "dataset_id": "dataset-1"}
    Dataflow.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def post(client: Client, row: Dataflow, action: str, **more: str) -> Any:
    return client.post(f"/dataflows/{row.pk}/mapping/", {"action": action, **more})


def edit_rows(row: Dataflow, rows: Any) -> None:
    draft = Draft.objects.get(mapping_edit__dataflow=row)
    draft.definition["mapping"] = rows
    draft.save()


# --- the comparison ------------------------------------------------------------------------------


def rows(*pairs: tuple[str, str]) -> list[MappingRow]:
    return [MappingRow(source=source, target=target) for source, target in pairs]


def test_what_differs_target_by_target() -> None:
    before = rows(("a", "t.a"), ("b", "t.b"), ("c", "t.c"))
    after = [*rows(("a", "t.a"), ("x", "t.b")), MappingRow(expression="1+1", target="t.d")]

    assert mapping_edits.changes(before, after) == [
        RowChange("changed", "t.b", "b", "x"),
        RowChange("removed", "t.c", "c", ""),
        RowChange("added", "t.d", "", "1+1"),
    ]


def test_another_order_is_no_change() -> None:
    before = rows(("a", "t.a"), ("b", "t.b"))

    assert mapping_edits.changes(before, before[::-1]) == []


def test_a_suggested_mapping_is_what_it_stood_for(flow: Dataflow) -> None:
    flow.definition = {**DEFINITION, "mapping": "suggested"}
    flow.facts = {"tenant_id": "acme", "mapping": [{"source": "a", "target": "_acme.a"}]}

    assert mapping_edits.current_rows(flow) == tuple(rows(("a", "_acme.a")))


# --- the page ------------------------------------------------------------------------------------


def test_the_page_of_a_dataflow_leads_there(
    client_as: ClientAs, analyst: User, ops: User, flow: Dataflow
) -> None:
    link = f'href="/dataflows/{flow.pk}/mapping/"'

    assert link in client_as(analyst).get(f"/dataflows/{flow.pk}/").content.decode()
    assert link not in client_as(ops).get(f"/dataflows/{flow.pk}/").content.decode()


def test_editing_opens_the_editor_on_a_copy(
    client_as: ClientAs, analyst: User, flow: Dataflow
) -> None:
    answer = post(client_as(analyst), flow, "edit")

    draft = Draft.objects.get()
    assert answer.url == f"/drafts/{draft.pk}/mapping/"
    assert (draft.team, draft.owner, draft.sandbox) == (flow.team, analyst, flow.sandbox)
    assert draft.definition["dataset"] == {"existing": {"id": flow.dataset_id, "name": "Products"}}
    assert draft.definition["mapping"][0]["target"] == "_acme.productId"


def test_editing_twice_is_one_copy(client_as: ClientAs, analyst: User, flow: Dataflow) -> None:
    client = client_as(analyst)

    assert post(client, flow, "edit").url == post(client, flow, "edit").url
    assert Draft.objects.count() == 1


def test_a_deleted_copy_is_replaced(client_as: ClientAs, analyst: User, flow: Dataflow) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")
    client.post(f"/drafts/{Draft.objects.get().pk}/delete/")

    post(client, flow, "edit")

    assert Draft.objects.filter(deleted_at=None).count() == 1
    assert MappingEdit.objects.get().draft.deleted_at is None


def test_it_shows_what_changes_and_carries_it_out(
    client_as: ClientAs, analyst: User, flow: Dataflow
) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")
    edit_rows(flow, [ROWS[0], {"expression": "trim(Name)", "target": "_{tenant}.name"}])

    page = client.get(f"/dataflows/{flow.pk}/mapping/")
    answer = post(client, flow, "update", key="0123456789abcdef")

    assert page.context["changes"] == [RowChange("changed", "_acme.name", "Name", "trim(Name)")]
    submission = Submission.objects.get()
    assert answer.url == f"/submissions/{submission.pk}/"
    assert (submission.kind, submission.dataflow) == (Kind.MAPPING, flow)
    assert submission.params["mapping"] == [
        {"source": "Product_Id", "target": "_acme.productId"},
        {"expression": "trim(Name)", "target": "_acme.name"},
    ]


def test_a_double_click_is_one_submission(
    client_as: ClientAs, analyst: User, flow: Dataflow
) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")
    edit_rows(flow, ROWS[:1])

    first = post(client, flow, "update", key="0123456789abcdef")
    second = post(client, flow, "update", key="0123456789abcdef")

    assert first.url == second.url
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "mapping", [pytest.param(ROWS, id="the same"), pytest.param("suggested", id="suggested")]
)
def test_nothing_is_sent_without_a_change(
    client_as: ClientAs, analyst: User, flow: Dataflow, mapping: Any
) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")
    edit_rows(flow, mapping)

    html = client.get(f"/dataflows/{flow.pk}/mapping/").content.decode()
    post(client, flow, "update")

    assert 'value="update"' not in html
    assert not Submission.objects.exists()


def test_a_copy_is_given_up(client_as: ClientAs, analyst: User, flow: Dataflow) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")

    post(client, flow, "discard")

    assert Draft.objects.get().deleted_at is not None
    assert not MappingEdit.objects.exists()


def test_the_editor_says_what_the_copy_is_for(
    client_as: ClientAs, analyst: User, flow: Dataflow
) -> None:
    client = client_as(analyst)

    html = client.get(post(client, flow, "edit").url).content.decode()

    assert f'href="/dataflows/{flow.pk}/mapping/"' in html


def test_hostile_names_stay_text(client_as: ClientAs, analyst: User, flow: Dataflow) -> None:
    client = client_as(analyst)
    post(client, flow, "edit")
    edit_rows(flow, [{"source": "<script>alert(1)</script>", "target": "x" * 300}])

    html = client.get(f"/dataflows/{flow.pk}/mapping/").content.decode()

    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"definition": None}, id="made elsewhere"),
        pytest.param({"state": "processing"}, id="AEP is busy"),
        pytest.param({"mapping_set_id": ""}, id="no mapping set"),
    ],
)
def test_when_it_cannot_be_changed(
    client_as: ClientAs, analyst: User, flow: Dataflow, values: dict[str, Any]
) -> None:
    Dataflow.objects.filter(pk=flow.pk).update(**values)

    answer = post(client_as(analyst), flow, "edit")

    assert answer.url == f"/dataflows/{flow.pk}/"
    assert not Draft.objects.exists()


def test_who_may_not(client_as: ClientAs, ops: User, stranger: User, flow: Dataflow) -> None:
    assert post(client_as(ops), flow, "edit").status_code == 403
    assert post(client_as(stranger), flow, "edit").status_code == 404
    assert not Draft.objects.exists()


def test_a_copy_never_becomes_a_second_dataflow(
    client_as: ClientAs, analyst: User, flow: Dataflow
) -> None:
    post(client_as(analyst), flow, "edit")

    with pytest.raises(SubmissionRefused, match="changes the mapping of"):
        submit_draft(Draft.objects.get(), user=analyst, key="0123456789abcdef")
