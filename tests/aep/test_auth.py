from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import httpx
import pytest

from flowsite.aep import errors
from flowsite.aep.auth import MemoryTokens, Token, fetch_token

from .peer import Peer

SECRET = "p8e-secret & more"


def token_answer(**changes):
    body = {"access_token": "jwt.text", "token_type": "bearer", "expires_in": 86399, **changes}
    return httpx.Response(200, json=body)


def fetch(peer: Peer, **options):
    options = {
        "ims_url": "https://ims.example",
        "client_id": "client-1",
        "client_secret": SECRET,
        "scopes": "openid, session",
        "transport": httpx.MockTransport(peer),
        "sleep": peer.sleeps.append,
        **options,
    }
    return fetch_token(**options)


def test_the_request():
    peer = Peer(token_answer())

    fetch(peer)

    request = peer.requests[0]
    assert (request.method, str(request.url)) == ("POST", "https://ims.example/ims/token/v3")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": SECRET,
        "scope": "openid,session",
    }
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    "ims_url", ["https://ims.example/", "https://ims.example/ims/token/v3", " https://ims.example"]
)
def test_spellings_of_the_ims_address(ims_url):
    peer = Peer(token_answer())

    fetch(peer, ims_url=ims_url)

    assert str(peer.requests[0].url) == "https://ims.example/ims/token/v3"


@pytest.mark.parametrize(
    ("expires_in", "life_s"),
    [
        pytest.param(86399, 86399, id="seconds"),
        pytest.param("3600", 3600, id="text"),
        pytest.param(86399999, 86399, id="milliseconds of the retired exchange"),
        pytest.param(None, 300, id="absent"),
        pytest.param(0, 300, id="zero"),
        pytest.param(-1, 300, id="negative"),
        pytest.param(60, 60, id="very short"),
    ],
)
def test_life_of_a_token(expires_in, life_s):
    before = datetime.now(UTC)

    token = fetch(Peer(token_answer(expires_in=expires_in)))

    late = token.expires_at - before - timedelta(seconds=life_s)
    assert timedelta(0) <= late < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (
            400,
            {"error": "invalid_client", "error_description": "no"},
            errors.BadCredential,
            "invalid_client",
        ),
        (401, {"error": "invalid_client"}, errors.BadCredential, "invalid_client"),
        (400, {"error": "invalid_scope"}, errors.BadCredential, "invalid_scope"),
        (403, {}, errors.BadCredential, None),
        (404, {}, errors.NotFound, None),
        (429, {}, errors.TooManyRequests, None),
        (500, {}, errors.ServerError, None),
        (301, {}, errors.BadRequest, None),
        (200, {}, errors.MalformedAnswer, None),
        (200, [], errors.MalformedAnswer, None),
        (200, {"access_token": ""}, errors.MalformedAnswer, None),
        (200, {"access_token": "a\r\nb"}, errors.MalformedAnswer, None),
    ],
)
def test_refusals(status, body, kind, code):
    peer = Peer(httpx.Response(status, json=body))

    with pytest.raises(errors.AepError) as caught:
        fetch(peer)

    assert (type(caught.value), caught.value.code, caught.value.outcome_known) == (kind, code, True)


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        ([httpx.Response(503), token_answer()], 2),
        ([httpx.ReadTimeout("x"), token_answer()], 2),
        ([httpx.ConnectError("x"), httpx.ConnectError("x"), token_answer()], 3),
        ([httpx.Response(200, content=b"<html>"), token_answer()], 2),
    ],
    ids=["503", "time-out", "no connection", "HTML"],
)
def test_a_failed_fetch_is_repeated(answers, calls):
    peer = Peer(*answers)

    assert fetch(peer).value == "jwt.text"
    assert len(peer.requests) == calls


def test_a_refusal_is_not_repeated():
    peer = Peer(httpx.Response(400, json={"error": "invalid_client"}))

    with pytest.raises(errors.BadCredential):
        fetch(peer)
    assert len(peer.requests) == 1


def test_a_long_wait_is_raised_at_once():
    peer = Peer(httpx.Response(429, headers={"retry-after": "60"}))

    with pytest.raises(errors.TooManyRequests) as caught:
        fetch(peer, timeout_s=30)
    assert caught.value.retry_after_s == 60
    assert peer.sleeps == []


def test_the_given_transport_stays_open():
    class Closable(httpx.MockTransport):
        closed = False

        def close(self):
            self.closed = True

    transport = Closable(Peer(token_answer()))

    fetch(Peer(), transport=transport)

    assert transport.closed is False


@pytest.mark.parametrize("url", ["", "ims.example", "ftp://x", "https://u:p@h"])
def test_an_impossible_address(url):
    with pytest.raises(errors.NotSent, match="IMS address"):
        fetch(Peer(token_answer()), ims_url=url)


def test_neither_secret_nor_token_leaves(caplog):
    body = {"error": "invalid_client", "error_description": f"secret {SECRET} is wrong"}
    peer = Peer(httpx.Response(400, json=body))

    with caplog.at_level(logging.DEBUG), pytest.raises(errors.BadCredential) as caught:
        fetch(peer)
    with caplog.at_level(logging.DEBUG):
        token = fetch(Peer(token_answer()))

    seen = [str(caught.value), json.dumps(vars(caught.value)), repr(token), str(token)]
    seen += [json.dumps(record.__dict__, default=str) for record in caplog.records]
    assert not any(SECRET in text or "jwt.text" in text for text in seen)
    assert len([r for r in caplog.records if r.message == "aep call"]) == 2


# --- MemoryTokens ---------------------------------------------------------------------------------


class Shop:
    """Hands out numbered tokens that live for an hour."""

    def __init__(self, life=timedelta(hours=1)):
        self.now = datetime(2027, 1, 1, tzinfo=UTC)
        self.life = life
        self.sold = 0

    def __call__(self):
        self.sold += 1
        return Token(f"t{self.sold}", self.now + self.life)

    def tokens(self):
        return MemoryTokens(self, now=lambda: self.now)


def test_one_token_for_its_life_less_ten_minutes():
    shop = Shop()
    tokens = shop.tokens()

    first = [tokens.get() for _ in range(3)]
    shop.now += timedelta(minutes=49)
    second = tokens.get()
    shop.now += timedelta(minutes=2)

    assert (first, second, tokens.get(), shop.sold) == (["t1"] * 3, "t1", "t2", 2)


def test_a_short_lived_token_is_used_for_most_of_its_life():
    shop = Shop(life=timedelta(seconds=100))
    tokens = shop.tokens()

    tokens.get()
    shop.now += timedelta(seconds=79)
    assert tokens.get() == "t1"
    shop.now += timedelta(seconds=2)
    assert tokens.get() == "t2"


def test_refresh_fetches_once_for_all_who_hold_the_stale_one():
    shop = Shop()
    tokens = shop.tokens()
    stale = tokens.get()

    assert [tokens.refresh(stale) for _ in range(3)] == ["t2"] * 3
    assert shop.sold == 2


def test_threads_do_not_stampede():
    shop = Shop()
    tokens = shop.tokens()
    found = []
    threads = [threading.Thread(target=lambda: found.append(tokens.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["t1"] * 8
