"""The submission page: live progress, and what can be done when it stops."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.submissions import services
from flowsite.submissions.models import Kind, Submission, SubmissionState
from tests.wizard.conftest import HTMX, text_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def draft(make_draft, paypal) -> Draft:
    made: Draft = make_draft(**paypal())
    return made


@pytest.fixture
def submission(draft, analyst) -> Submission:
    return services.submit_draft(draft, user=analyst, key="0123456789abcdef")


def page(browser: Any, submission: Submission) -> Any:
    return browser.get(reverse("submission", args=[submission.pk]))


def poll(browser: Any, submission: Submission, **params: Any) -> Any:
    return browser.get(reverse("submission", args=[submission.pk]), params, headers=HTMX)


def test_before_the_first_call(browser, submission):
    shown = text_of(page(browser, submission))

    assert "Reading from AEP and checking everything" in shown
    assert 'hx-trigger="every 1s"' in shown
    assert "Cancel" in shown
    assert poll(browser, submission).status_code == 200


def test_published(browser, submission):
    services.run_in_process(submission)

    last = poll(browser, submission)

    assert last.status_code == 286
    shown = text_of(last)
    assert "Published" in shown
    assert "every 1s" not in shown
    assert "Open dataflow" in shown
    submission.refresh_from_db()
    flow = reverse("dataflow", args=[submission.dataflow_id])
    assert poll(browser, submission, go=1)["HX-Redirect"] == flow
    assert "is published." in text_of(browser.get(flow))
    Submission.objects.update(kind=Kind.MAPPING)
    poll(browser, submission, go=1)
    assert "is updated." in text_of(browser.get(flow))
    Submission.objects.update(kind=Kind.DATAFLOW)
    ledger = text_of(page(browser, submission))
    assert "Create dataflow" in ledger
    assert "Created in AEP" in ledger
    assert "?go=1" not in ledger


def test_a_failed_call_is_explained_and_can_be_continued(browser, submission, break_call):
    body = {
        "type": "https://ns.adobe.com/aep/errors/FLOW-1418-400",
        "status": 400,
        "report": {"detailed-message": "No such luck", "request-id": "r-5"},
    }
    break_call("POST", "/targetConnections$", kind="status", status=400, body=body)
    services.run_in_process(submission)

    shown = text_of(page(browser, submission))

    assert "Needs attention" in shown
    assert "No such luck" in shown
    assert "FLOW-1418-400" in shown
    assert "r-5" in shown
    assert "Whose turn" in shown
    for action in ("Fix draft", "Undo", "Continue"):
        assert action in shown
    response = browser.post(reverse("submission-continue", args=[submission.pk]))
    assert response["Location"] == reverse("submission", args=[submission.pk])
    services.run_in_process(submission)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.PUBLISHED


def test_undo_removes_what_was_created(browser, submission, break_call):
    break_call("POST", "/flows$", kind="status", status=400, body={"message": "no"})
    services.run_in_process(submission)

    browser.post(reverse("submission-undo", args=[submission.pk]))
    services.run_in_process(submission)

    shown = text_of(page(browser, submission))
    assert "Undone" in shown
    assert "Removed" in shown
    assert "Left behind" in shown
    assert "passes by itself" not in shown, "a mapping set that is left stays"
    assert "calls done" not in shown


def test_preflight_findings_lead_back(browser, make_draft, paypal, analyst):
    draft = make_draft(**paypal(dataset={"existing": {"name": "No such dataset"}}))
    submission = services.submit_draft(draft, user=analyst, key="a" * 16)
    services.run_in_process(submission)

    shown = text_of(page(browser, submission))

    assert "Preflight found" in shown
    assert f"/drafts/{draft.pk}/dataset/#" in shown


def test_cancelling(browser, submission):
    browser.post(reverse("submission-cancel", args=[submission.pk]))
    services.run_in_process(submission)

    submission.refresh_from_db()
    assert submission.state == SubmissionState.CANCELLED
    assert "Cancelled" in text_of(page(browser, submission))


def test_what_is_too_late_is_a_message(browser, submission):
    services.run_in_process(submission)

    for name in ("submission-cancel", "submission-continue", "submission-undo"):
        response = browser.post(reverse(name, args=[submission.pk]), follow=True)
        assert "alert-negative" in text_of(response)


def test_actions_are_posts(browser, submission):
    for name in ("submission-cancel", "submission-continue", "submission-undo"):
        assert browser.get(reverse(name, args=[submission.pk])).status_code == 405


def test_the_script_of_a_submission(browser, submission):
    url = reverse("submission-curl", args=[submission.pk])
    assert browser.get(url).status_code == 404

    services.run_in_process(submission)

    assert text_of(browser.get(url)).startswith("#!/usr/bin/env bash")


def test_ops_may_look(submission, ops, client_as):
    shown = client_as(ops).get(reverse("submission", args=[submission.pk]))

    assert shown.status_code == 200


def test_the_draft_tells_that_it_was_submitted(browser, draft, submission):
    services.run_in_process(submission)

    shown = text_of(browser.get(reverse("draft-step", args=[draft.pk, "review"])))

    assert "This draft has been submitted" in shown
    assert ">Finish<" not in shown
