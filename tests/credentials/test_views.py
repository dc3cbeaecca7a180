from __future__ import annotations

import pytest
from django.urls import reverse

from flowsite.core.encrypted import decrypt
from flowsite.credentials.models import Credential, SandboxAccess
from flowsite.people.models import AuditEntry

VALUES = {
    "name": "Second",
    "org_id": "ACME@AdobeOrg",
    "client_id": "demo-client",
    "client_secret": "canary-secret",
    "scopes": "openid",
    "ims_url": "http://127.0.0.1:9",
    "platform_url": "http://127.0.0.1:9",
}


@pytest.fixture
def browser(client_as, admin):
    return client_as(admin)


def test_only_admins_see_credentials(client_as, analyst, ops, admin, credential):
    answers = [
        client_as(user).get(reverse("credentials")).status_code for user in (analyst, ops, admin)
    ]

    assert answers == [403, 403, 200]


def test_another_teams_credential_is_not_found(browser, credential):
    from flowsite.people.models import Team

    Credential.objects.update(team=Team.objects.create(name="Elsewhere"))

    assert browser.get(reverse("credential", args=[credential.pk])).status_code == 404


def test_adding_stores_an_encrypted_secret_and_shows_it_nowhere(browser):
    answer = browser.post(reverse("credential-new"), VALUES, follow=True)

    row = Credential.objects.get(name="Second")
    assert decrypt(row.client_secret) == "canary-secret"
    assert "canary-secret" not in answer.content.decode()
    assert "canary-secret" not in str(list(AuditEntry.objects.values()))


def test_what_was_typed_survives_an_error_except_the_secret(browser):
    answer = browser.post(reverse("credential-new"), {**VALUES, "org_id": "ACME"})

    page = answer.content.decode()
    assert "An organisation ID ends with @AdobeOrg." in page
    assert 'value="Second"' in page
    assert "canary-secret" not in page


def test_an_internal_address_is_refused(browser, settings):
    settings.INTERNAL_HOSTS = []

    answer = browser.post(reverse("credential-new"), VALUES)

    assert "Platform URL" in answer.content.decode()
    assert not Credential.objects.filter(name="Second").exists()


def test_editing_without_a_secret_keeps_it_and_forgets_the_token(browser, credential):
    Credential.objects.update(token="x")
    values = {**VALUES, "name": "Acme", "client_secret": "", "client_id": "other"}

    browser.post(reverse("credential", args=[credential.pk]), values)

    credential.refresh_from_db()
    assert decrypt(credential.client_secret) == "demo-secret"
    assert (credential.client_id, credential.token) == ("other", "")


def test_a_test_lists_the_sandboxes(browser, credential, emulator):
    answer = browser.post(
        reverse("credential-test", args=[credential.pk]), headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert "The credential works" in page
    assert "<html" not in page
    names = SandboxAccess.objects.values_list("sandbox__name", flat=True)
    assert {"dev", "prod"} <= set(names)


def test_a_wrong_secret_is_told_with_the_remedy(browser, credential, emulator):
    browser.post(
        reverse("credential", args=[credential.pk]),
        {**VALUES, "name": "Acme", "client_secret": "wrong"},
    )

    answer = browser.post(reverse("credential-test", args=[credential.pk]))

    page = answer.content.decode()
    assert "The credential does not work" in page
    assert "What to do" in page


def test_deleting_is_refused_while_a_draft_uses_it(browser, credential, access, team):
    from flowsite.drafts.models import Draft

    Draft.objects.create(team=team, sandbox=access.sandbox, credential=credential)

    answer = browser.post(reverse("credential-delete", args=[credential.pk]), follow=True)

    assert "1 drafts" in answer.content.decode() or "1 draft" in answer.content.decode()
    assert Credential.objects.filter(pk=credential.pk).exists()


def test_switching_the_sandbox_is_remembered_and_goes_back(
    client_as, analyst, access, production_access
):
    browser = client_as(analyst)

    answer = browser.post(
        reverse("switch-sandbox"), {"access": production_access.pk, "next": "/dataflows/"}
    )

    assert answer["Location"] == "/dataflows/"
    assert browser.session["access_id"] == production_access.pk


def test_a_switch_leads_to_no_other_host(client_as, analyst, access):
    answer = client_as(analyst).post(
        reverse("switch-sandbox"), {"access": access.pk, "next": "https://evil.example/"}
    )

    assert answer["Location"] == "/"


def test_a_stranger_cannot_switch_to_our_sandbox(client_as, stranger, access):
    browser = client_as(stranger)

    browser.post(reverse("switch-sandbox"), {"access": access.pk})

    assert "access_id" not in browser.session
