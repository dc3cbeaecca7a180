"""Saving a step: where it leads, two tabs, and what can't be saved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.drafts.services import save_step
from tests.wizard.conftest import AUTOSAVE, text_of

STEPS = ("account", "data", "dataset", "mapping", "schedule", "review")


def url_of(draft: Draft, step: str) -> str:
    return reverse("draft-step", args=[draft.pk, step])


@pytest.fixture
def draft(make_draft) -> Draft:
    made: Draft = make_draft(account={"source": "paypal", "id": "a-1", "name": "PayPal EU"})
    return made


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_there_without_aep(browser, draft, down, step):
    response = browser.get(url_of(draft, step))

    assert response.status_code == 200
    assert 'aria-current="step"' in text_of(response)


@pytest.mark.parametrize("step", STEPS)
def test_every_step_takes_an_empty_post(browser, draft, step):
    response = browser.post(url_of(draft, step), {"revision": 1, "action": "stay"})

    assert response.status_code == 302
    assert Draft.objects.get().revision == 1


@pytest.mark.parametrize(
    ("action", "goal"),
    [("next", "mapping"), ("back", "data"), ("stay", "dataset"), ("nonsense", "dataset")],
)
def test_buttons_lead_on_and_the_draft_resumes_there(browser, draft, action, goal):
    response = browser.post(
        url_of(draft, "dataset"),
        {"revision": 1, "action": action, "name": "Orders", "into": "new", "dataset_name": "O"},
    )

    assert response["Location"] == url_of(draft, goal)
    saved = Draft.objects.get()
    assert saved.step == goal
    assert saved.definition["name"] == "Orders"


def test_save_as_draft_goes_to_the_list(browser, draft):
    response = browser.post(url_of(draft, "dataset"), {"revision": 1, "action": "save"})

    assert response["Location"] == reverse("drafts")


def test_next_says_what_is_still_open(browser, draft):
    response = browser.post(
        url_of(draft, "dataset"), {"revision": 1, "action": "next", "into": "new"}, follow=True
    )

    assert "still open" in text_of(response)


def test_autosave_answers_the_revision(browser, draft):
    response = browser.post(
        url_of(draft, "dataset"), {"revision": 1, "name": "Orders"}, headers=AUTOSAVE
    )

    assert response.json() == {"revision": 2}


def test_autosave_of_what_no_draft_holds_is_said(browser, draft):
    response = browser.post(
        url_of(draft, "dataset"), {"revision": 1, "name": "a\x01b"}, headers=AUTOSAVE
    )

    assert response.status_code == 422
    assert "control characters" in response.json()["message"]


def test_a_form_that_cannot_be_saved_comes_back_as_typed(browser, draft):
    response = browser.post(
        url_of(draft, "schedule"),
        {"revision": 1, "action": "next", "frequency": "hour", "interval": "many", "start": "now"},
    )

    assert response.status_code == 422
    page = text_of(response)
    assert 'value="many"' in page
    assert 'value="now"' in page
    assert "Please correct the following" in page
    assert Draft.objects.get().definition["schedule"]["frequency"] == "hour"


# --- two tabs ------------------------------------------------------------------------------------


@pytest.fixture
def overtaken(draft, admin) -> Draft:
    """Somebody else has saved the step that a page of revision 1 shows."""
    parts: dict[str, Any] = {"name": "Theirs", "description": "same"}
    save_step(draft, "dataset", parts, revision=1, user=admin)
    return draft


MINE = {"revision": 1, "name": "Mine", "description": "same", "into": "new", "dataset_name": "D"}


def test_the_second_tab_is_led_to_compare(browser, overtaken):
    response = browser.post(url_of(overtaken, "dataset"), {**MINE, "action": "next"}, follow=True)

    page = text_of(response)
    assert "Two versions of this step" in page
    assert "Mine" in page
    assert "Theirs" in page
    assert "Target dataset" in page
    assert "Description" not in page
    assert Draft.objects.get().name == "Theirs"


def test_an_autosave_that_lost_points_to_the_comparison(browser, overtaken):
    response = browser.post(url_of(overtaken, "dataset"), MINE, headers=AUTOSAVE)

    assert response.status_code == 409
    page = text_of(browser.get(response.json()["url"]))
    assert "Mine" in page
    assert "Theirs" in page


def test_choosing_field_by_field(browser, overtaken):
    url = browser.post(url_of(overtaken, "dataset"), MINE, headers=AUTOSAVE).json()["url"]
    page = browser.get(url)
    mine = page.context["mine"]

    browser.post(
        url,
        {"revision": 2, "mine": mine, "keep-name": "theirs", "keep-dataset": "mine"},
    )

    saved = Draft.objects.get().definition
    assert saved["name"] == "Theirs"
    assert saved["dataset"]["new"]["name"] == "D"


def test_a_third_save_in_between_compares_again(browser, overtaken, admin):
    url = browser.post(url_of(overtaken, "dataset"), MINE, headers=AUTOSAVE).json()["url"]
    save_step(overtaken, "dataset", {"name": "Third"}, revision=2, user=admin)

    response = browser.post(url, {"revision": 2, "mine": json.dumps({"name": "Mine"})})

    assert "compare" in response["Location"]
    assert Draft.objects.get().name == "Third"


@pytest.mark.parametrize("mine", ["", "{", "[]", '"x"', '{"schedule": {"frequency": "once"}}'])
def test_a_tampered_comparison_changes_nothing_else(browser, overtaken, mine):
    url = reverse("draft-compare", args=[overtaken.pk, "dataset"])

    response = browser.post(url, {"revision": 2, "mine": mine})

    assert response.status_code == 302
    assert "schedule" not in Draft.objects.get().definition


def test_a_lost_revision_never_overwrites(browser, overtaken):
    for revision in ("", "x", "-1", "9" * 30):
        response = browser.post(url_of(overtaken, "dataset"), {**MINE, "revision": revision})
        assert "compare" in response["Location"]
    assert Draft.objects.get().name == "Theirs"


def test_a_megabyte_is_refused_without_harm(browser, draft):
    response = browser.post(
        url_of(draft, "dataset"), {"revision": 1, "action": "next", "description": "x" * 1_000_000}
    )

    assert response.status_code == 422
    assert "description" not in Draft.objects.get().definition


def test_a_production_draft_is_framed_whatever_is_chosen_above(
    browser, access, production_access, analyst
):
    from flowsite.definitions.model import PartialDefinition
    from flowsite.drafts.services import create_draft

    draft = create_draft(
        team=access.credential.team,
        owner=analyst,
        sandbox_id=production_access.sandbox_id,
        credential_id=production_access.credential_id,
        definition=PartialDefinition(),
    )

    assert 'class="is-production"' in text_of(browser.get(url_of(draft, "account")))
