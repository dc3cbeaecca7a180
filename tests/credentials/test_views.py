from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from flowsite.core.encrypted import decrypt, encrypt
from flowsite.credentials.models import Credential, SandboxAccess
from flowsite.drafts.models import Draft
from flowsite.people.models import AuditEntry, Membership, Team
from flowsite.runs.models import Dataflow

VALUES = {
    "name": "Second",
    "org_id": "ACME@AdobeOrg",
    "client_id": "demo-client",
    "client_secret": "canary-secret",
    "scopes": "openid",
    "ims_url": "http://127.0.0.1:9",
    "platform_url": "http://127.0.0.1:9",
}


def make_dataflow(sandbox, name, **values):
    now = timezone.now()
    return Dataflow.objects.create(
        sandbox=sandbox, flow_id=f"id-{name}", name=name, latest_at=now, **values
    )


@pytest.fixture
def browser(client_as, admin):
    return client_as(admin)


def test_only_admins_see_credentials(client_as, analyst, ops, admin, credential):
    answers = [
        client_as(user).get(reverse("credentials")).status_code for user in (analyst, ops, admin)
    ]

    assert answers == [403, 403, 200]


def test_another_teams_credential_is_not_found(browser, credential):
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


def as_shown(credential, **values):
    """The form of the credential's page as it is shown, with changes."""
    shown = {name: getattr(credential, name) for name in VALUES if hasattr(credential, name)}
    shown["org_id"] = credential.organisation.org_id
    return {**shown, "client_secret": "", **values}


def test_a_new_name_needs_no_secret_and_asks_nobody(browser, credential):
    browser.post(reverse("credential", args=[credential.pk]), as_shown(credential, name="Other"))

    credential.refresh_from_db()
    assert credential.name == "Other"
    assert decrypt(credential.client_secret) == "demo-secret"
    entry = AuditEntry.objects.get(action="credential.changed")
    assert entry.details == {"changes": {"name": ["Acme", "Other"]}}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ims_url": "http://127.0.0.1:10"}, id="where the secret goes"),
        pytest.param({"platform_url": "http://127.0.0.1:10"}, id="where the token goes"),
        pytest.param({"client_id": "other"}, id="another client"),
        pytest.param({"org_id": "OTHER@AdobeOrg"}, id="another organisation"),
    ],
)
def test_the_stored_secret_goes_nowhere_new(browser, credential, emulator, change):
    values = as_shown(credential, **change)

    answer = browser.post(reverse("credential", args=[credential.pk]), values)

    assert answer.status_code == 422
    assert "Type the client secret again" in answer.content.decode()
    credential.refresh_from_db()
    assert credential.ims_url == credential.platform_url == "http://127.0.0.1:9"
    assert credential.client_id == "demo-client"


def test_new_scopes_are_tried_with_the_stored_secret(browser, credential, emulator):
    browser.post(
        reverse("credential", args=[credential.pk]), as_shown(credential, scopes="openid,AdobeID")
    )

    credential.refresh_from_db()
    assert credential.scopes == "openid,AdobeID"
    assert credential.succeeded_at is not None


def test_a_working_new_secret_takes_the_stored_ones_place(browser, credential, emulator):
    Credential.objects.update(client_secret=encrypt("worn out"), last_error="refused")

    answer = browser.post(
        reverse("credential-rotate", args=[credential.pk]), {"new_secret": "demo-secret"}
    )

    assert answer.status_code == 302
    credential.refresh_from_db()
    assert decrypt(credential.client_secret) == "demo-secret"
    assert (credential.last_error, bool(credential.token)) == ("", True)
    assert AuditEntry.objects.filter(action="credential.secret_replaced").exists()


def test_a_failing_new_secret_is_refused_in_adobes_words(browser, credential, emulator):
    answer = browser.post(
        reverse("credential-rotate", args=[credential.pk]), {"new_secret": "canary-wrong"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was changed" in page
    assert "wrong client secret" in page
    assert "canary-wrong" not in page
    credential.refresh_from_db()
    assert decrypt(credential.client_secret) == "demo-secret"
    entry = AuditEntry.objects.get(action="credential.change_refused")
    assert "wrong client secret" in entry.details["message"]


def test_a_secret_that_cannot_be_tried_is_not_taken(browser, credential):
    page = browser.post(
        reverse("credential-rotate", args=[credential.pk]), {"new_secret": "demo-secret-2"}
    ).content.decode()

    assert "Nothing was changed" in page
    credential.refresh_from_db()
    assert decrypt(credential.client_secret) == "demo-secret"


def test_a_secret_near_its_end_is_marked(browser, credential):
    Credential.objects.update(expires_on=timezone.now().date() + timedelta(days=3))

    assert "Replace within 3 days" in browser.get(reverse("credentials")).content.decode()


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
    Credential.objects.update(client_secret=encrypt("wrong"))

    answer = browser.post(reverse("credential-test", args=[credential.pk]))

    page = answer.content.decode()
    assert "The credential does not work" in page
    assert "What to do" in page


def test_what_stops_is_listed_by_name(browser, credential, access, team):
    other = Team.objects.create(name="Elsewhere")
    Draft.objects.create(
        team=team, sandbox=access.sandbox, credential=credential, definition={"name": "My draft"}
    )
    for owner, name in [(team, "Ours"), (None, "Nobodys"), (other, "Theirs")]:
        make_dataflow(access.sandbox, name, team=owner)

    page = browser.get(reverse("credential", args=[credential.pk])).content.decode()

    assert "3 dataflows and 1 draft stop if this breaks" in " ".join(page.split())
    assert "My draft" in page
    assert "Ours" in page
    assert "Nobodys" in page
    assert "Theirs" not in page


def test_what_another_credential_reaches_goes_on(browser, credential, access, team):
    make_dataflow(access.sandbox, "Ours", team=team)
    second = Credential.objects.create(
        team=team,
        organisation=credential.organisation,
        name="Spare",
        client_id="b",
        client_secret=encrypt("b"),
        succeeded_at=timezone.now(),
    )
    SandboxAccess.objects.create(credential=second, sandbox=access.sandbox, seen_at=timezone.now())

    page = browser.get(reverse("credential", args=[credential.pk])).content.decode()
    lines = {line.row.name: line for line in browser.get(reverse("credentials")).context["lines"]}

    assert "Also reached by Spare" in page
    assert lines["Acme"].counts.dataflows == 0
    assert lines["Spare"].counts.dataflows == 1


def test_the_list_asks_a_fixed_number_of_questions(
    browser, credential, access, team, django_assert_max_num_queries
):
    for number in range(20):
        make_dataflow(access.sandbox, f"f{number}", team=team)

    with django_assert_max_num_queries(14):
        browser.get(reverse("credentials"))


def test_an_admin_of_two_teams_chooses_one(browser, admin):
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=admin)

    browser.post(reverse("credential-new"), {**VALUES, "team": second.pk})

    assert Credential.objects.get(name="Second").team == second


def test_deleting_is_refused_while_a_draft_uses_it(browser, credential, access, team):
    Draft.objects.create(team=team, sandbox=access.sandbox, credential=credential)

    answer = browser.post(reverse("credential-delete", args=[credential.pk]), follow=True)

    assert "1 drafts and 0 submissions use" in answer.content.decode()
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
