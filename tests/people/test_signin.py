"""Signing in, and a person's own page."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user
from django.urls import reverse

from flowsite.people.models import AuditEntry, User

PASSWORD = "a good passphrase"


def attempt(client, name, password):
    return client.post(reverse("sign-in"), {"username": name, "password": password})


def test_the_answer_does_not_tell_whether_a_name_exists(client, analyst):
    User.objects.create_user(username="gone", password=PASSWORD, is_active=False)

    pages = [
        attempt(client, name, password).content.decode().replace(name, "NAME")
        for name, password in [("nobody", "x"), ("analyst", "x"), ("gone", PASSWORD)]
    ]

    stripped = [page.split("csrfmiddlewaretoken")[0] for page in pages]
    assert "correct username" in pages[0]
    assert stripped[0] == stripped[1] == stripped[2]


def test_unknown_names_are_locked_like_known_ones(client, db):
    answers = [attempt(client, "nobody", "x").status_code for _ in range(5)]

    assert answers == [200, 200, 200, 200, 429]
    assert AuditEntry.objects.filter(action="person.locked_out", object_name="nobody").exists()


def test_a_lock_counts_for_one_name_at_one_address(client, analyst, ops):
    for _ in range(5):
        attempt(client, "analyst", "x")

    assert attempt(client, "ops", PASSWORD).status_code == 302


def test_a_failed_attempt_does_not_store_the_password(client, analyst):
    from axes.models import AccessAttempt

    attempt(client, "analyst", "canary-attempt")

    assert "canary-attempt" not in str(list(AccessAttempt.objects.values()))
    assert "canary-attempt" not in str(list(AuditEntry.objects.values()))


def test_signing_in_and_out_is_recorded_with_the_address(client, analyst):
    client.post(
        reverse("sign-in"), {"username": "analyst", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7"
    )
    client.post(reverse("sign-out"))

    found = AuditEntry.objects.order_by("pk").values_list("action", "remote_addr")
    assert list(found) == [
        ("person.signed_in", "192.0.2.7"),
        ("person.signed_out", "127.0.0.1"),
    ]


def test_everybody_changes_their_own_password(client_as, analyst):
    here, elsewhere = client_as(analyst), client_as(analyst)
    new = {"new_password1": "another passphrase", "new_password2": "another passphrase"}

    answer = here.post(reverse("profile"), {"old_password": PASSWORD, **new}, follow=True)

    assert "Your password is changed" in answer.content.decode()
    assert get_user(here).is_authenticated
    assert not get_user(elsewhere).is_authenticated
    assert AuditEntry.objects.filter(action="person.password_changed", user=analyst).exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param("wrong", "another passphrase", "old password", id="old one wrong"),
        pytest.param(PASSWORD, "password", "too common", id="common"),
        pytest.param(PASSWORD, "short", "too short", id="short"),
    ],
)
def test_a_bad_password_is_refused(client_as, analyst, old, new, words):
    values = {"old_password": old, "new_password1": new, "new_password2": new}

    page = client_as(analyst).post(reverse("profile"), values).content.decode()

    assert words in page
    assert User.objects.get(pk=analyst.pk).check_password(PASSWORD)


def test_a_person_without_a_role_lands_on_their_own_page(client_as, db):
    user = User.objects.create_user(username="nobody")

    page = client_as(user).get("/", follow=True).content.decode()

    assert "You have no role yet" in page
