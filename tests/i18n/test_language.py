"""Which language a page is in: the person's, else the cookie's, else the browser's."""

from __future__ import annotations

import pytest
from django.urls import reverse

SIGN_IN = "/sign-in/"


def language_of(response):
    return response.content.decode().partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        pytest.param("sv-SE,sv;q=0.9,en;q=0.8", "sv", id="swedish first"),
        pytest.param("en-GB,sv;q=0.5", "en", id="english first"),
        pytest.param("fi", "en", id="neither"),
        pytest.param("", "en", id="nothing said"),
    ],
)
def test_the_browser_says_the_language(client, db, accepted, expected):
    response = client.get(SIGN_IN, headers={"accept-language": accepted})

    assert language_of(response) == expected


def test_the_choice_before_signing_in_wins_over_the_browser(client, db):
    answer = client.post(reverse("language"), {"language": "sv", "next": SIGN_IN})

    page = client.get(SIGN_IN, headers={"accept-language": "en"})

    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    assert language_of(page) == "sv"


def test_the_choice_goes_with_the_person_to_another_browser(client_as, analyst):
    client_as(analyst).post(reverse("language"), {"language": "sv", "next": "/profile/"})

    page = client_as(analyst).get(reverse("profile"), headers={"accept-language": "en"})

    analyst.refresh_from_db()
    assert analyst.language == "sv"
    assert language_of(page) == "sv"


def test_an_unknown_language_changes_nothing(client_as, analyst):
    client = client_as(analyst)

    client.post(reverse("language"), {"language": "xx", "next": "/profile/"})

    analyst.refresh_from_db()
    assert analyst.language == ""
    assert language_of(client.get(reverse("profile"))) == "en"


def test_nobody_is_sent_to_another_host(client, db):
    answer = client.post(reverse("language"), {"language": "sv", "next": "https://evil.example/"})

    assert "evil" not in answer["Location"]


def test_reading_the_address_changes_nothing(client, db):
    assert client.get(reverse("language"), {"language": "sv"}).status_code == 405
