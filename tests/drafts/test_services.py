"""Drafts: saving step by step, two tabs, clones, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowsite.credentials.models import SandboxAccess
from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.problems import DefinitionError
from flowsite.drafts import services
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of, draft_for_user, drafts_for_user
from flowsite.people.models import User

PAYPAL = {"source": "paypal", "id": "a-1", "name": "PayPal EU"}


@pytest.fixture
def make(access: SandboxAccess, analyst: User) -> Callable[..., Draft]:
    def make(**document: Any) -> Draft:
        return services.create_draft(
            team=access.credential.team,
            owner=analyst,
            sandbox_id=access.sandbox_id,
            credential_id=access.credential_id,
            definition=PartialDefinition.model_validate({"version": 1, **document}),
        )

    return make


def test_a_save_raises_the_revision_and_keeps_the_other_parts(make, analyst):
    draft = make(account=PAYPAL)

    saved = services.save_step(
        draft, "data", {"data": {"table": "T"}}, revision=1, user=analyst, resume_at="dataset"
    )

    assert saved.revision == 2
    assert saved.step == "dataset"
    assert saved.definition == {
        "version": 1,
        "account": PAYPAL,
        "data": {"table": "T", "columns": "all", "folder": False},
    }


def test_an_unchanged_document_keeps_its_revision(make, analyst):
    draft = make(account=PAYPAL)

    saved = services.save_step(draft, "account", {"account": PAYPAL}, revision=1, user=analyst)

    assert saved.revision == 1


def test_another_tab_on_the_same_step_is_told(make, analyst, admin):
    draft = make(account=PAYPAL)
    services.save_step(draft, "data", {"data": {"table": "A"}}, revision=1, user=admin)

    with pytest.raises(services.StaleRevision) as caught:
        services.save_step(draft, "data", {"data": {"table": "B"}}, revision=1, user=analyst)

    assert caught.value.current.revision == 2
    assert caught.value.current.saved_by == admin
    assert Draft.objects.get().definition["data"]["table"] == "A"


def test_another_tab_on_another_step_does_no_harm(make, analyst):
    draft = make(account=PAYPAL)
    services.save_step(draft, "data", {"data": {"table": "A"}}, revision=1, user=analyst)

    saved = services.save_step(draft, "dataset", {"name": "N"}, revision=1, user=analyst)

    assert saved.definition["data"]["table"] == "A"
    assert saved.definition["name"] == "N"
    assert saved.revision == 3


def test_two_tabs_that_saved_the_same_agree(make, analyst):
    draft = make()
    services.save_step(draft, "data", {"data": {"table": "A"}}, revision=1, user=analyst)

    saved = services.save_step(draft, "data", {"data": {"table": "A"}}, revision=1, user=analyst)

    assert saved.revision == 2


@pytest.mark.parametrize(
    ("step", "parts", "words"),
    [
        pytest.param("dataset", {"name": "x" * 300}, "name", id="a name that is too long"),
        pytest.param("dataset", {"name": "a\x00b"}, "name", id="a name that no database holds"),
        pytest.param("data", {"data": {"tabel": "A"}}, "tabel", id="an unknown key"),
        pytest.param(
            "schedule", {"schedule": {"frequency": "daily"}}, "frequency", id="an unknown word"
        ),
    ],
)
def test_what_no_document_holds_is_refused_in_a_sentence(make, analyst, step, parts, words):
    draft = make()

    with pytest.raises(services.DraftProblem, match=words):
        services.save_step(draft, step, parts, revision=1, user=analyst)

    assert Draft.objects.get().revision == 1


def test_a_step_cannot_write_another_steps_part(make, analyst):
    with pytest.raises(ValueError, match="mapping"):
        services.save_step(make(), "data", {"mapping": []}, revision=1, user=analyst)


@pytest.mark.parametrize("name", ["a<b>&\"'", "päyment 💶", "{{ x }}", "日本 " * 20], ids=ascii)
def test_hostile_names_survive(make, analyst, name):
    draft = make()

    services.save_step(
        draft, "data", {"data": {"table": name, "columns": [name, "b\nc"]}}, revision=1, user=None
    )

    data = definition_of(Draft.objects.get()).data
    assert data is not None
    assert data.table == name
    assert data.columns == (name, "b\nc")


def test_a_clone_has_the_document_and_another_name(make, analyst):
    draft = make(name="Orders", account=PAYPAL)

    clone = services.clone_draft(draft, user=analyst)

    assert clone.pk != draft.pk
    assert clone.definition == {**draft.definition, "name": "Orders (copy)"}
    assert clone.revision == 1


def test_the_longest_name_can_be_cloned(make, analyst):
    clone = services.clone_draft(make(name="x" * 255), user=analyst)

    assert clone.name == "x" * 248 + " (copy)"


def test_a_deleted_draft_is_hidden_and_comes_back(make, analyst):
    draft = make(name="Orders")

    services.delete_draft(draft)

    assert list(drafts_for_user(analyst)) == []
    assert draft_for_user(analyst, draft.pk) is None
    assert draft_for_user(analyst, draft.pk, deleted=True) == draft
    services.restore_draft(draft)
    assert list(drafts_for_user(analyst)) == [draft]


def test_a_stranger_sees_nothing(make, stranger):
    draft = make(name="Orders")

    assert draft_for_user(stranger, draft.pk) is None


def test_a_file_comes_back_as_the_same_document(make, access, analyst):
    draft = make(
        name="Orders",
        account=PAYPAL,
        data={"table": "T", "columns": ["a", "b\nc"]},
        schedule={"frequency": "once", "start": "2030-01-01T00:00:00Z"},
    )

    text = services.export_draft(draft)
    back = services.import_draft(
        text,
        team=draft.team,
        user=analyst,
        sandbox_id=draft.sandbox_id,
        credential_id=draft.credential_id,
    )

    assert back.definition == draft.definition
    assert back.step == "review"


def test_a_file_with_an_unknown_key_is_refused_by_name(make, access, analyst):
    draft = make()
    with pytest.raises(DefinitionError, match="shedule"):
        services.import_draft(
            "version: 1\nshedule: {}\n",
            team=draft.team,
            user=analyst,
            sandbox_id=draft.sandbox_id,
            credential_id=draft.credential_id,
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("PayPal products", "paypal-products.yaml"),
        ("../../etc/passwd", "etc-passwd.yaml"),
        ("日本", "untitled-dataflow.yaml"),
    ],
)
def test_the_exports_file_name_is_plain(make, name, expected):
    assert services.file_name(make(name=name)) == expected
