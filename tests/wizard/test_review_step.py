"""The Review step: groups, preflight, requests, Finish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.submissions.models import Submission
from tests.wizard.conftest import HTMX, text_of

KEY = "0123456789abcdef"


def step(draft: Draft) -> str:
    return reverse("draft-step", args=[draft.pk, "review"])


def findings(browser: Any, draft: Draft) -> str:
    url = reverse("draft-findings", args=[draft.pk])
    return text_of(browser.get(url, {"key": KEY}, headers=HTMX))


def finish(browser: Any, draft: Draft, **more: Any) -> Any:
    return browser.post(
        step(draft), {"revision": draft.revision, "action": "finish", "key": KEY, **more}
    )


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_groups_are_there_at_once_and_the_plan_comes_after(browser, make_draft, paypal):
    draft = make_draft(**paypal())

    page = text_of(browser.get(step(draft)))
    assert "Account and data" in page
    assert "PayPal.Catalog_Products" in page
    assert reverse("draft-step", args=[draft.pk, "schedule"]) in page
    assert "Checking every rule against AEP" in page

    part = findings(browser, draft)

    assert "Passed" in part
    assert "Create field group" in part
    assert "PayPal EU" in part
    assert f"[{KEY}]" in part
    assert "POST /data/foundation/flowservice/flows" in part


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_findings_lead_to_the_field_that_mends_them(browser, make_draft, paypal):
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    draft = make_draft(
        **paypal(
            mapping=[{"source": "Nope", "target": "_acme.productName"}],
            schedule={
                "frequency": "hour",
                "interval": 1,
                "start": past,
                "load_incremental_by": "Create_Time",
            },
        )
    )

    part = findings(browser, draft)

    assert f"/drafts/{draft.pk}/mapping/#row-0" in part
    assert f"/drafts/{draft.pk}/schedule/#id_start" in part
    assert "Start a few minutes from now" in part
    browser.post(reverse("draft-start-later", args=[draft.pk]))
    draft.refresh_from_db()
    assert datetime.fromisoformat(draft.definition["schedule"]["start"]) > datetime.now(UTC)
    assert draft.step == "review"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_names_that_match_nothing_are_findings(browser, make_draft, paypal):
    draft = make_draft(**paypal(dataset={"existing": {"name": "No such dataset"}}))

    part = findings(browser, draft)

    assert "No such dataset" in part
    assert "Blocks" in part


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_dead_aep_is_said_with_a_retry(browser, make_draft, paypal, monkeypatch, down):
    draft = make_draft(**paypal())

    part = findings(browser, draft)

    assert "The preflight could not be carried out" in part
    assert "Try again" in part


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_requests_can_be_taken_away_as_a_script(browser, make_draft, paypal):
    draft = make_draft(**paypal())

    response = browser.get(reverse("draft-curl", args=[draft.pk]), {"key": KEY})

    assert response["Content-Disposition"] == f'attachment; filename="flowsite-{KEY}.sh"'
    assert text_of(response).startswith("#!/usr/bin/env bash")
    assert "demo-secret" not in text_of(response)


def test_an_unfinished_draft_lists_what_is_missing(browser, make_draft, access):
    draft = make_draft(account={"source": "paypal"})

    page = text_of(browser.get(step(draft)))

    assert "before this can be finished" in page
    assert "disabled>Finish" in page
    assert "Checking every rule" not in page
    response = finish(browser, draft)
    assert response.status_code == 302
    assert not Submission.objects.exists()


def test_finish_begins_a_submission(browser, make_draft, paypal, analyst):
    draft = make_draft(**paypal())

    response = finish(browser, draft)

    submission = Submission.objects.get()
    assert response["Location"] == reverse("submission", args=[submission.pk])
    assert (submission.key, submission.draft, submission.owner) == (KEY, draft, analyst)


def test_a_double_click_is_the_same_submission(browser, make_draft, paypal):
    draft = make_draft(**paypal())

    first = finish(browser, draft)
    second = finish(browser, draft)
    third = finish(browser, draft, key="f" * 16)

    assert Submission.objects.count() == 1
    assert first["Location"] == second["Location"] == third["Location"]


@pytest.mark.parametrize("key", ["", "short", "Z" * 16, "0" * 17, "../../etc/passwd"])
def test_a_tampered_key_begins_nothing(browser, make_draft, paypal, key):
    draft = make_draft(**paypal())

    response = finish(browser, draft, key=key)

    assert response.status_code == 302
    assert not Submission.objects.exists()


def test_another_drafts_key_is_refused(browser, make_draft, paypal):
    finish(browser, make_draft(**paypal()))

    response = finish(browser, make_draft(**paypal()))

    assert response.status_code == 422
    assert Submission.objects.count() == 1


@pytest.fixture
def production_draft(production_access, analyst, paypal) -> Draft:
    from flowsite.definitions.model import PartialDefinition
    from flowsite.drafts.services import create_draft

    return create_draft(
        team=production_access.credential.team,
        owner=analyst,
        sandbox_id=production_access.sandbox_id,
        credential_id=production_access.credential_id,
        definition=PartialDefinition.model_validate({"version": 1, **paypal()}),
    )


def test_production_takes_a_right(browser, production_draft):
    page = text_of(browser.get(step(production_draft)))

    assert "You can't submit to production" in page
    assert finish(browser, production_draft, typed="prod").status_code == 422
    assert not Submission.objects.exists()


def test_production_takes_the_typed_name(browser, production_draft, analyst):
    from django.contrib.auth.models import Permission

    analyst.user_permissions.add(Permission.objects.get(codename="submit_to_production"))

    wrong = finish(browser, production_draft, typed="Prod")
    assert wrong.status_code == 422
    assert 'value="Prod"' in text_of(wrong)
    assert 'id="typed-wrong"' in text_of(wrong)
    assert not Submission.objects.exists()
    assert finish(browser, production_draft, typed=" prod ").status_code == 302
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_will_be_created_is_said_in_the_readers_language(browser, make_draft, paypal, analyst):
    User.objects.filter(pk=analyst.pk).update(language="sv")

    shown = findings(browser, make_draft(**paypal()))

    assert "Skapa dataflödet" in shown
    assert "Create dataflow" not in shown
