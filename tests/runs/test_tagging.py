from __future__ import annotations

from typing import Any

import pytest

from flowsite.credentials.models import SandboxAccess
from flowsite.people.models import Team, User
from flowsite.runs import tagging
from flowsite.runs.models import Dataflow, DataflowTag, SandboxSync


@pytest.fixture
def flow(access: SandboxAccess, team: Team) -> Dataflow:
    return a_dataflow(access, team, "flow-1")


def a_dataflow(access: SandboxAccess, team: Team | None, flow_id: str, **values: Any) -> Dataflow:
    return Dataflow.objects.create(
        sandbox=access.sandbox, team=team, flow_id=flow_id, name=flow_id, **values
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  EU   Payments ", "eu payments", id="case and spaces"),
        pytest.param("<script>", "<script>", id="markup is only text"),
        pytest.param("=cmd()", "=cmd()", id="formula is only text"),
        pytest.param("مدفوعات", "مدفوعات", id="right to left"),
        pytest.param("a" * 40, "a" * 40, id="longest"),
    ],
)
def test_what_a_tag_is_called(text: str, expected: str) -> None:
    assert tagging.tag_name(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("   ", id="nothing"),
        pytest.param("a" * 300, id="too long"),
        pytest.param("a,b", id="comma"),
        pytest.param("a\u202eb", id="turns the reading direction"),
        pytest.param("a\x00b", id="control character"),
    ],
)
def test_what_is_no_tag(text: str) -> None:
    with pytest.raises(tagging.TagRefused):
        tagging.tag_name(text)


def test_tags_are_kept_twice_and_open_boards_hear_of_it(flow: Dataflow) -> None:
    tagging.add_tag([flow], "eu")
    version = SandboxSync.objects.get().version

    changed = tagging.add_tag([flow], "billing")

    flow.refresh_from_db()
    assert [row.pk for row in changed] == [flow.pk]
    assert flow.tags == ["billing", "eu"]
    assert tagging.tags_of(Dataflow.objects.all()) == ["billing", "eu"]
    assert SandboxSync.objects.get().version == version + 1


def test_a_tag_is_given_once(flow: Dataflow) -> None:
    tagging.add_tag([flow], "eu")

    assert tagging.add_tag([flow], "eu") == []
    assert DataflowTag.objects.count() == 1


def test_a_tag_is_taken_away(flow: Dataflow) -> None:
    tagging.add_tag([flow], "eu")

    assert len(tagging.remove_tag([flow], "eu")) == 1
    flow.refresh_from_db()
    assert flow.tags == []
    assert not DataflowTag.objects.exists()
    assert tagging.remove_tag([flow], "eu") == []


def test_a_dataflow_has_only_so_many_tags(flow: Dataflow) -> None:
    for n in range(tagging.MOST_TAGS):
        tagging.add_tag([flow], f"tag {n:02}")

    with pytest.raises(tagging.TagRefused, match="flow-1"):
        tagging.add_tag([flow], "one more")

    assert DataflowTag.objects.count() == tagging.MOST_TAGS


def test_what_was_read_before_does_not_undo_a_tag(flow: Dataflow) -> None:
    before = Dataflow.objects.get(pk=flow.pk)
    tagging.add_tag([flow], "eu")

    tagging.add_tag([before], "billing")

    flow.refresh_from_db()
    assert flow.tags == ["billing", "eu"]


def test_tagged(flow: Dataflow, access: SandboxAccess, team: Team) -> None:
    other = a_dataflow(access, team, "flow-2")
    tagging.add_tag([other], "eu")

    assert list(tagging.tagged(Dataflow.objects.all(), "eu")) == [other]


@pytest.mark.parametrize(
    ("who", "owned", "expected"),
    [
        pytest.param("ops", False, True, id="ops"),
        pytest.param("admin", False, True, id="admin"),
        pytest.param("analyst", True, True, id="the analyst who owns it"),
        pytest.param("analyst", False, False, id="another analyst"),
        pytest.param("stranger", True, False, id="an owner who left the team"),
    ],
)
def test_who_may_tag(
    flow: Dataflow, who: str, owned: bool, expected: bool, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(who)
    if owned:
        tagging.set_owner(flow, user)

    assert tagging.may_tag(user, flow) is expected
    assert tagging.taggable(user, Dataflow.objects.all()).exists() is expected


def test_what_belongs_to_no_team_is_tagged_by_nobody(access: SandboxAccess, admin: User) -> None:
    flow = a_dataflow(access, None, "elsewhere")

    assert not tagging.may_tag(admin, flow)
    assert not tagging.taggable(admin, Dataflow.objects.all()).exists()
