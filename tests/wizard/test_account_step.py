"""The Account step and accounts: lists, tests, and a new one."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from flowsite.credentials.models import SourceAccount, SourceSecret
from flowsite.drafts.models import Draft
from flowsite.people.models import AuditEntry
from flowsite.submissions import services
from flowsite.submissions.models import Submission
from flowsite.wizard.forms.picks import packed
from tests.wizard.conftest import HTMX, text_of

SECRET = "hush-hush-4711"


@pytest.fixture
def draft(make_draft) -> Draft:
    made: Draft = make_draft(account={"source": "paypal"})
    return made


def test_the_list_is_read_after_the_page(browser, draft, emulator):
    page = text_of(browser.get(reverse("draft-step", args=[draft.pk, "account"])))
    assert reverse("draft-accounts", args=[draft.pk]) in page
    assert "PayPal EU" not in page

    listed = text_of(browser.get(reverse("draft-accounts", args=[draft.pk]), headers=HTMX))

    assert "PayPal EU" in listed
    assert "PayPal Legacy" in listed
    assert "Square" not in listed
    again = text_of(browser.get(reverse("draft-step", args=[draft.pk, "account"])))
    assert "PayPal EU" in again


def test_a_dead_aep_leaves_what_is_known(browser, draft, accounts, monkeypatch, down):
    listed = text_of(browser.get(reverse("draft-accounts", args=[draft.pk]), headers=HTMX))

    assert "The accounts could not be read from AEP" in listed
    assert "Whose turn" in listed
    assert "Try again" in listed
    assert "PayPal EU" in listed


def test_an_account_that_is_gone_is_said(browser, make_draft, emulator):
    draft = make_draft(account={"source": "paypal", "id": "no-such", "name": "Old one"})

    listed = text_of(browser.get(reverse("draft-accounts", args=[draft.pk]), headers=HTMX))

    assert "Old one is not in this sandbox any more" in listed


def test_accounts_that_aep_lists_no_more_are_hidden(browser, draft, access, emulator):
    SourceAccount.objects.create(
        sandbox=access.sandbox,
        connection_id="gone",
        name="Gone account",
        connection_spec_id="221c7626-58f6-4eec-8ee2-042b0226f03b",
    )

    listed = text_of(browser.get(reverse("draft-accounts", args=[draft.pk]), headers=HTMX))

    assert "Gone account" not in listed


def test_choosing_keeps_id_and_name(browser, draft, accounts):
    account = accounts["PayPal EU"]
    value = packed({"id": account.connection_id, "name": account.name})

    browser.post(
        reverse("draft-step", args=[draft.pk, "account"]),
        {"revision": 1, "account": value, "action": "next"},
    )

    assert Draft.objects.get().definition["account"] == {
        "source": "paypal",
        "id": account.connection_id,
        "name": "PayPal EU",
    }


@pytest.mark.parametrize("value", ["", "x", "[]", '{"id": 5}', '"a"', "{" * 500, '{"name": "a"}'])
def test_an_unreadable_choice_changes_nothing(browser, draft, value):
    response = browser.post(
        reverse("draft-step", args=[draft.pk, "account"]), {"revision": 1, "account": value}
    )

    assert response.status_code == 302
    assert Draft.objects.get().definition["account"] == {"source": "paypal"}


def test_testing_says_the_providers_words(browser, accounts):
    works, fails = accounts["PayPal EU"], accounts["PayPal Legacy"]

    good = text_of(browser.post(reverse("account-test", args=[works.pk]), headers=HTMX))
    bad = text_of(browser.post(reverse("account-test", args=[fails.pk]), headers=HTMX))

    assert "Works" in good
    works.refresh_from_db()
    fails.refresh_from_db()
    assert works.test_ok is True
    if fails.test_ok is False:
        assert fails.test_message
        assert "Does not work" in bad
    assert AuditEntry.objects.filter(action="account.tested").count() == 2


def test_a_refusal_by_the_provider_is_a_result(browser, accounts, break_call):
    account = accounts["PayPal EU"]
    body = {
        "type": "https://ns.adobe.com/aep/errors/CONNECTOR-1308-400",
        "status": 400,
        "title": "Bad",
        "report": {"detailed-message": "Invalid client credentials", "request-id": "r-77"},
    }
    break_call("GET", "/test$", kind="status", status=400, body=body)

    page = text_of(browser.post(reverse("account-test", args=[account.pk]), headers=HTMX))

    assert "Does not work" in page
    assert "Invalid client credentials" in page
    assert "r-77" in page


def test_testing_without_scripts_comes_back_with_a_message(browser, accounts):
    account = accounts["PayPal EU"]

    response = browser.post(
        reverse("account-test", args=[account.pk]), {"back": "/accounts/"}, follow=True
    )

    assert response.redirect_chain == [("/accounts/", 302)]
    assert "“PayPal EU” works." in text_of(response)


def test_testing_never_leads_elsewhere(browser, accounts):
    account = accounts["PayPal EU"]

    response = browser.post(
        reverse("account-test", args=[account.pk]), {"back": "https://evil.example/"}
    )

    assert response["Location"] == reverse("account-detail", args=[account.pk])


def test_the_list_and_the_page_of_an_account(browser, accounts):
    account = accounts["PayPal EU"]

    assert "PayPal EU" in text_of(browser.get(reverse("accounts")))
    fragment = text_of(browser.get(reverse("accounts-list"), {"source": "square"}, headers=HTMX))
    assert "PayPal EU" not in fragment
    assert "Square" in fragment
    page = text_of(browser.get(reverse("account-detail", args=[account.pk])))
    assert account.connection_id in page


# --- a new one -----------------------------------------------------------------------------------


def new_url(draft: Draft | None = None) -> str:
    url = reverse("account-new", args=["paypal"])
    return f"{url}?draft={draft.pk}" if draft else url


def filled(**changes: str) -> dict[str, str]:
    return {
        "name": "PayPal US",
        "description": "made in a test",
        "login": "Client-Id-Secret Based Authentication",
        "p-host": "api.paypal.example",
        "p-clientId": "client-1",
        "p-clientSecret": SECRET,
        **changes,
    }


def test_the_form_waits_for_the_spec(browser, draft, emulator):
    page = text_of(browser.get(new_url(draft)))
    assert "Reading what this source needs" in page

    form = text_of(browser.get(new_url(draft), headers=HTMX))

    assert 'name="p-clientSecret"' in form
    assert 'type="password"' in form
    assert "<html" not in form


def test_without_aep_the_documented_form_is_offered(browser, draft, down):
    form = text_of(browser.get(new_url(draft), headers=HTMX))

    assert "could not be read from AEP" in form
    assert "From the documentation only" in form
    assert 'name="p-clientSecret"' in form


def test_errors_stand_at_the_field_and_no_secret_comes_back(browser, draft, emulator):
    response = browser.post(new_url(draft), filled(**{"p-host": ""}))

    assert response.status_code == 422
    page = text_of(response)
    assert 'id="id_p-host_error"' in page
    assert 'value="PayPal US"' in page
    assert 'value="client-1"' in page
    assert SECRET not in page
    assert not Submission.objects.exists()
    assert not SourceSecret.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_creating_goes_through_a_submission_and_selects(browser, draft, emulator):
    response = browser.post(new_url(draft), filled(key="a" * 16))

    submission = Submission.objects.get()
    assert response["Location"] == f"/drafts/{draft.pk}/account/?making={submission.pk}"
    assert SECRET not in json.dumps(submission.plan)
    assert SECRET not in text_of(browser.get(response["Location"]))

    services.run_in_process(submission)

    account = SourceAccount.objects.get(name="PayPal US")
    page = text_of(browser.get(response["Location"]))
    assert "is created and chosen" in page
    chosen = f'id="account-{account.pk}" checked'
    assert chosen in page
    assert SourceSecret.objects.get().values == ""


def test_a_double_click_is_one_account(browser, draft, emulator):
    browser.post(new_url(draft), filled(key="b" * 16))
    browser.post(new_url(draft), filled(key="b" * 16))

    assert Submission.objects.count() == 1


def test_a_name_in_use_is_refused(browser, accounts):
    response = browser.post(new_url(), filled(name="PayPal EU"))

    assert response.status_code == 422
    assert "has this name already" in text_of(response)


def test_production_asks_for_the_name(browser, production_access, access, emulator):
    browser.post(reverse("switch-sandbox"), {"access": production_access.pk})

    page = text_of(browser.get(new_url(), headers=HTMX))
    response = browser.post(new_url(), filled())

    assert 'name="production_name"' in page
    assert response.status_code == 422
    assert not Submission.objects.exists()


@pytest.mark.parametrize("slug", ["nothing", "meta-ads", "data-landing-zone"])
def test_sources_without_accounts_have_no_form(browser, slug):
    assert browser.get(reverse("account-new", args=[slug])).status_code == 404


@pytest.mark.parametrize("draft_id", ["x", "0", "9" * 30])
def test_an_unknown_draft_is_not_found(browser, draft_id):
    response = browser.get(reverse("account-new", args=["paypal"]), {"draft": draft_id})

    assert response.status_code == 404
