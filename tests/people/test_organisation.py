"""Signing in through the organisation, against a local provider."""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.urls import reverse
from joserfc.jwk import OctKey, RSAKey

from flowsite.people.models import AuditEntry, User
from tests.people.provider import CLIENT_ID, CLIENT_SECRET, Provider

KNOWN = {"sub": "42", "email": "ana@acme.example", "email_verified": True}


@pytest.fixture
def provider(settings):
    found = Provider()
    settings.OIDC_ISSUER = found.issuer
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_NAME = "Acme"
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    yield found
    found.close()


@pytest.fixture
def ana(analyst):
    analyst.email = "Ana@acme.example"
    analyst.save()
    return analyst


def sign_in(client, provider, claims, *, wanted="", **sent):
    """From the link on the sign-in page to the answer after the provider."""
    begun = client.get(reverse("organisation-begin"), {"next": wanted})
    query = {
        name: values[0] for name, values in parse_qs(urlsplit(begun["Location"]).query).items()
    }
    provider.challenge = query["code_challenge"]
    provider.claims = {"nonce": query["nonce"], **claims}
    given = {"code": "c", "state": query["state"], **sent}
    return client.get(reverse("organisation-back"), given)


def test_the_sign_in_page_offers_it(client, db, provider):
    page = client.get(reverse("sign-in"), {"next": "/drafts/"}).content.decode()

    assert "Sign in through Acme" in page
    assert "/sign-in/organisation/?next=/drafts/" in page


def test_without_a_provider_there_is_no_such_way(client, db):
    assert "Sign in through" not in client.get(reverse("sign-in")).content.decode()
    assert client.get(reverse("organisation-begin")).status_code == 404
    assert client.get(reverse("organisation-back")).status_code == 404


def test_the_request_carries_state_nonce_and_pkce(client, db, provider):
    begun = client.get(reverse("organisation-begin"))

    query = parse_qs(urlsplit(begun["Location"]).query)
    assert begun["Location"].startswith(f"{provider.issuer}/authorize?")
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://testserver/sign-in/organisation/back/"]
    assert {"state", "nonce", "code_challenge"} <= query.keys()
    assert CLIENT_SECRET not in begun["Location"]


def test_a_known_address_comes_in_and_is_linked(client, ana, provider):
    answer = sign_in(client, provider, KNOWN, wanted="/drafts/")

    assert (answer.status_code, answer["Location"]) == (302, "/drafts/")
    assert get_user(client) == ana
    ana.refresh_from_db()
    assert ana.outside_id == f"{provider.issuer} 42"
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["person.linked", "person.signed_in"]


def test_later_the_subject_counts_and_not_the_address(client, client_as, ana, ops, provider):
    sign_in(client, provider, KNOWN)
    User.objects.filter(pk=ops.pk).update(email="new@acme.example")

    other = client_as(ops)
    other.logout()
    sign_in(other, provider, {**KNOWN, "email": "new@acme.example"})
    assert get_user(other) == ana

    third = client_as(ops)
    third.logout()
    answer = sign_in(third, provider, {**KNOWN, "sub": "43"})
    assert answer.status_code == 403  # the address is taken by another subject


def test_an_admin_unlinks_a_person(client, client_as, admin, ana, provider):
    sign_in(client, provider, KNOWN)

    assert "Unlink" in client_as(admin).get(reverse("person", args=[ana.pk])).content.decode()
    client_as(admin).post(reverse("person-state", args=[ana.pk]), {"to": "unlinked"})
    client.logout()
    sign_in(client, provider, {**KNOWN, "sub": "new"})

    ana.refresh_from_db()
    assert ana.outside_id == f"{provider.issuer} new"
    assert AuditEntry.objects.filter(action="person.unlinked").exists()


def test_an_address_from_user_info_counts(client, ana, provider):
    provider.userinfo = {"sub": "42", "email": ana.email, "email_verified": True}

    sign_in(client, provider, {"sub": "42"})

    assert get_user(client) == ana


def test_user_info_about_somebody_else_does_not_count(client, ana, provider):
    provider.userinfo = {"sub": "43", "email": ana.email, "email_verified": True}

    assert sign_in(client, provider, {"sub": "42"}).status_code == 403


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        pytest.param({"email": "eve@acme.example"}, "Nobody has been added", id="unknown"),
        pytest.param({"email_verified": False}, "did not confirm", id="address not verified"),
        pytest.param({"email_verified": None}, "did not confirm", id="nothing said about it"),
        pytest.param({"email": ""}, "did not confirm", id="no address"),
        pytest.param({"iss": "https://evil.example"}, "did not work", id="another issuer"),
        pytest.param({"aud": "other"}, "did not work", id="another audience"),
        pytest.param({"nonce": "old"}, "did not work", id="replayed"),
        pytest.param({"nonce": None}, "did not work", id="no nonce"),
        pytest.param({"exp": 1}, "did not work", id="expired"),
        pytest.param({"sub": None}, "did not", id="no subject"),
    ],
)
def test_who_does_not_come_in(client, ana, provider, claims, words):
    answer = sign_in(client, provider, {**KNOWN, **claims})

    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert not get_user(client).is_authenticated
    assert AuditEntry.objects.filter(action="person.sign_in_failed").exists()
    ana.refresh_from_db()
    assert ana.outside_id is None


def test_a_forged_token_does_not_count(client, ana, provider):
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})

    assert sign_in(client, provider, KNOWN).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"state": "made-up"}, id="another state"),
        pytest.param({"error": "access_denied", "error_description": "<b>no</b>"}, id="refused"),
    ],
)
def test_an_answer_that_does_not_belong_to_us(client, ana, provider, sent):
    answer = sign_in(client, provider, KNOWN, **sent)

    assert answer.status_code == 403
    assert "<b>no</b>" not in answer.content.decode()


def test_a_deactivated_person_stays_out(client, ana, provider):
    ana.is_active = False
    ana.save()

    answer = sign_in(client, provider, KNOWN)

    assert "deactivated" in answer.content.decode()
    assert not get_user(client).is_authenticated


def test_it_leads_to_no_other_site(client, ana, provider):
    assert sign_in(client, provider, KNOWN, wanted="https://evil.example/")["Location"] == "/"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("none", None, id="not signed"),
        pytest.param("HS256", CLIENT_SECRET, id="signed with the client's secret"),
    ],
)
def test_only_the_providers_own_key_signs(client, ana, provider, algorithm, key):
    """Even where the provider offers it."""
    provider.algorithms = ["RS256", algorithm]
    provider.algorithm = algorithm
    provider.signing_key = OctKey.import_key(key or "unused-unused-unused-unused")

    answer = sign_in(client, provider, KNOWN)

    assert answer.status_code == 403
    assert not get_user(client).is_authenticated


def test_a_provider_that_calls_itself_something_else_is_not_believed(client, db, provider):
    provider.named = "https://evil.example"

    answer = client.get(reverse("organisation-begin"))

    assert answer.status_code == 503


def test_a_replayed_answer_does_not_count(client, ana, provider):
    """The state is spent by its first use."""
    begun = client.get(reverse("organisation-begin"))
    query = parse_qs(urlsplit(begun["Location"]).query)
    provider.challenge = query["code_challenge"][0]
    provider.claims = {"nonce": query["nonce"][0], **KNOWN}
    given = {"code": "c", "state": query["state"][0]}
    assert client.get(reverse("organisation-back"), given).status_code == 302
    client.post(reverse("sign-out"))

    assert client.get(reverse("organisation-back"), given).status_code == 403


def test_an_answer_for_another_browser_does_not_count(client, ana, provider):
    """Else somebody could be signed in as another by a link."""
    begun = client.get(reverse("organisation-begin"))
    query = parse_qs(urlsplit(begun["Location"]).query)
    provider.challenge = query["code_challenge"][0]
    provider.claims = {"nonce": query["nonce"][0], **KNOWN}
    given = {"code": "c", "state": query["state"][0]}

    other = Client()
    assert other.get(reverse("organisation-back"), given).status_code == 403
    assert not get_user(other).is_authenticated


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param("away", id="nobody answers"),
        pytest.param("internal", id="an internal address"),
        pytest.param("moved", id="a redirect"),
        pytest.param("broken", id="an error page"),
    ],
)
def test_a_provider_that_is_away_is_told(client, db, provider, settings, cause):
    if cause == "away":
        settings.OIDC_ISSUER = "http://127.0.0.1:1"
    elif cause == "internal":
        settings.INTERNAL_HOSTS = []
    else:
        provider.discovery_status = {"moved": 302, "broken": 500}[cause]

    answer = client.get(reverse("organisation-begin"))

    assert answer.status_code == 503
    assert "can't be reached" in unescape(answer.content.decode())
    entry = AuditEntry.objects.get(action="person.sign_in_failed")
    assert entry.details["reason"] == "unreachable"
    if cause == "internal":
        assert provider.asked == []


def test_passwords_go_on_working_beside_it(client, analyst, provider):
    values = {"username": "analyst", "password": "a good passphrase"}

    assert client.post(reverse("sign-in"), values).status_code == 302
    assert get_user(client) == analyst


def test_passwords_can_be_switched_off(client, analyst, provider, settings):
    settings.OIDC_ONLY = True

    values = {"username": "analyst", "password": "a good passphrase"}
    assert client.post(reverse("sign-in"), values).status_code == 405
    assert "password" not in client.get(reverse("sign-in")).content.decode()
