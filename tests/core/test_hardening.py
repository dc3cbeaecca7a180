"""Headers, cookies, limits of sessions and requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user
from django.urls import reverse

from flowsite.core.middleware import StorableAddress

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
@pytest.mark.parametrize("place", ["/sign-in/", "/no/such/page", "/people/"])
def test_every_answer_has_the_headers(client, db, place, header, value):
    assert client.get(place)[header] == value


@pytest.mark.parametrize("place", ["/sign-in/", "/no/such/page", "/people/"])
def test_no_page_is_kept_by_the_browser(client, db, place):
    assert {"no-store", "private"} <= set(client.get(place)["Cache-Control"].split(", "))


def test_no_feature_of_the_browser_is_permitted(client, db):
    policy = client.get("/sign-in/")["Permissions-Policy"]

    assert "camera=()" in policy
    assert "*" not in policy


@pytest.mark.parametrize("place", ["/sign-in/", "/health/live"])
def test_the_content_policy_allows_nothing_unsafe(client, db, place):
    policy = client.get(place)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


# --- sessions ------------------------------------------------------------------------------------


def signed_in_after(browser, *steps: timedelta, headers: dict[str, str] | None = None) -> bool:
    """Whether the session still counts after a request at each of these times after noon."""
    for step in steps:
        with time_machine.travel(NOON + step, tick=False):
            browser.get(reverse("profile"), headers=headers or {})
    with time_machine.travel(NOON + steps[-1], tick=False):
        return get_user(browser).is_authenticated


def minutes(*values: int) -> list[timedelta]:
    return [timedelta(minutes=value) for value in values]


@pytest.mark.parametrize(
    ("steps", "headers", "expected"),
    [
        pytest.param(minutes(0, 110, 220), {}, True, id="in use"),
        pytest.param(minutes(0, 121), {}, False, id="idle"),
        pytest.param(minutes(*range(0, 719, 60)), {}, True, id="in use for long"),
        pytest.param(minutes(*range(0, 722, 60), 721), {}, False, id="in use for too long"),
        pytest.param(
            minutes(*range(0, 130, 5)), {"HX-Request": "true"}, False, id="a page refreshes itself"
        ),
    ],
)
def test_a_session_ends(client_as, analyst, steps, headers, expected):
    with time_machine.travel(NOON, tick=False):
        browser = client_as(analyst)
        browser.get(reverse("profile"))

    assert signed_in_after(browser, *steps, headers=headers) is expected


def test_the_idle_limit_can_be_switched_off(client_as, analyst, settings):
    settings.SESSION_IDLE_MIN = 0
    with time_machine.travel(NOON, tick=False):
        browser = client_as(analyst)

    assert signed_in_after(browser, *minutes(0, 600))


def test_a_session_in_use_is_not_written_with_every_request(client_as, analyst):
    browser = client_as(analyst)
    browser.get(reverse("profile"))
    before = browser.session.get("active")

    browser.get(reverse("profile"))

    assert browser.session.get("active") == before


# --- requests ------------------------------------------------------------------------------------


def test_a_large_body_is_refused_before_it_is_read(client, db, settings):
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024

    answer = client.post(reverse("sign-in"), {"username": "x" * 1_100_000})

    assert answer.status_code == 413
    assert "at most 1 MB" in answer.content.decode()


@pytest.mark.parametrize(
    ("proxy", "forwarded", "expected"),
    [
        pytest.param("X-Forwarded-Proto: https", "192.0.2.7", "192.0.2.7", id="one proxy"),
        pytest.param(
            "X-Forwarded-Proto: https", "10.9.9.9, 192.0.2.7", "192.0.2.7", id="client lies"
        ),
        pytest.param("X-Forwarded-Proto: https", "<script>", "127.0.0.1", id="no address"),
        pytest.param("", "192.0.2.7", "127.0.0.1", id="no proxy is trusted"),
    ],
)
def test_the_log_tells_whom_the_proxy_saw(client, analyst, settings, proxy, forwarded, expected):
    from flowsite.people.models import AuditEntry

    settings.TRUSTED_PROXY = proxy
    client.post(
        reverse("sign-in"),
        {"username": "analyst", "password": "a good passphrase"},
        headers={"X-Forwarded-For": forwarded},
    )

    assert AuditEntry.objects.get(action="person.signed_in").remote_addr == expected


@pytest.mark.parametrize("length", ["many", "-5", "1e3"])
def test_a_length_that_is_no_number_is_refused(client, length):
    answer = client.generic("POST", "/sign-in/", b"a=b", "text/plain", CONTENT_LENGTH=length)

    assert answer.status_code == 400


def test_no_view_gets_a_nul_from_an_address(rf):
    seen = []
    middleware = StorableAddress(lambda request: seen.append(request.GET["q"]))

    middleware(rf.get("/board/", {"q": "a\x00b%00"}))

    assert seen == ["ab%00"]
