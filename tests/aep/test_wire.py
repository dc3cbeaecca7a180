from __future__ import annotations

import gzip
import logging
import zlib

import httpx
import pytest

from flowsite.aep import wire
from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    ConnectionFailed,
    MalformedAnswer,
    NotSent,
)

EXCHANGE = wire.Exchange("test", "GET", "https://h.example/x?secret=1", [], None, 5.0)


def send(answer, exchange=EXCHANGE):
    def handler(request):
        if isinstance(answer, Exception):
            raise answer
        return answer

    return wire.send(httpx.MockTransport(handler), exchange)


@pytest.mark.parametrize(
    ("raised", "kind", "outcome_known"),
    [
        (httpx.ConnectError("refused"), ConnectionFailed, True),
        (httpx.ConnectTimeout("slow"), ConnectionFailed, True),
        (httpx.PoolTimeout("full"), ConnectionFailed, True),
        (httpx.ProxyError("proxy"), ConnectionFailed, True),
        (httpx.UnsupportedProtocol("x"), NotSent, True),
        (httpx.LocalProtocolError("Bearer abc"), NotSent, True),
        (UnicodeError("label too long"), NotSent, True),
        (OverflowError("port"), NotSent, True),
        (httpx.ReadTimeout("x"), AnswerLost, False),
        (httpx.WriteTimeout("x"), AnswerLost, False),
        (httpx.ReadError("x"), AnswerLost, False),
        (httpx.WriteError("x"), AnswerLost, False),
        (httpx.CloseError("x"), AnswerLost, False),
        (httpx.RemoteProtocolError("x"), AnswerLost, False),
        (ConnectionResetError("x"), AnswerLost, False),
        (httpx.DecodingError("x"), MalformedAnswer, False),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_an_exception_says_about_the_request(raised, kind, outcome_known):
    with pytest.raises(AepError) as caught:
        send(raised)

    assert (type(caught.value), caught.value.outcome_known) == (kind, outcome_known)
    assert caught.value.operation == "test"
    assert "abc" not in f"{caught.value} {caught.value.__cause__!r}"


def test_a_packed_answer():
    packed = httpx.Response(
        200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"[1]")
    )

    assert send(packed).content == b"[1]"


def test_a_badly_packed_answer():
    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            yield b"not gzip"

    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream())

    with pytest.raises(MalformedAnswer, match="unpacked"):
        send(answer)


def test_an_answer_that_grows_while_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(wire, "MAX_ANSWER_BYTES", 10_000)
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(b" " * 50_000_000) + packer.flush()

    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            yield bomb

    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream())

    with pytest.raises(MalformedAnswer, match="too large"):
        send(answer)


class Slow(httpx.SyncByteStream):
    """Each chunk costs two seconds of the patched clock."""

    def __init__(self, clock, chunks):
        self.clock, self.chunks, self.closed = clock, chunks, False

    def __iter__(self):
        for chunk in self.chunks:
            self.clock.append(self.clock[-1] + 2.0)
            yield chunk

    def close(self):
        self.closed = True


def test_a_body_that_trickles_is_cut_at_the_whole_limit(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(wire.time, "monotonic", lambda: clock[-1])
    stream = Slow(clock, [b"x"] * 100)

    with pytest.raises(AnswerLost, match="too slowly"):
        send(httpx.Response(200, stream=stream))

    assert clock[-1] == 6.0
    assert stream.closed


def test_the_limits_of_a_request():
    seen = {}

    def handler(request):
        seen.update(request.extensions)
        return httpx.Response(200)

    exchange = wire.Exchange("test", "GET", "https://h.example/", [], None, 90.0)
    wire.send(httpx.MockTransport(handler), exchange)

    assert seen["timeout"] == {"connect": 10.0, "read": 90.0, "write": 90.0, "pool": 90.0}
    assert seen["total_s"] == 90.0


def test_reprs_show_no_query_header_or_body():
    exchange = wire.Exchange("op", "GET", "https://h/?s=1", [("A", "secret")], b"secret")
    reply = wire.Reply(200, {"a": "secret"}, b"secret")

    assert repr(exchange) == "Exchange(operation='op', method='GET', limit_s=30.0)"
    assert repr(reply) == "Reply(status=200)"


def test_a_crash_is_logged_and_raised(caplog):
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(ZeroDivisionError),
        wire.logged(logging.getLogger("x"), EXCHANGE, path="/x"),
    ):
        raise ZeroDivisionError

    assert [record.__dict__["error"] for record in caplog.records] == ["ZeroDivisionError"]


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://platform.adobe.io", True),
        ("http://127.0.0.1:8000", True),
        ("https://[::1]:8000", True),
        ("https://gateway.example/aep", True),
        ("platform.adobe.io", False),
        ("https://", False),
        ("https://a b", False),
        ("https://h:0", False),
        ("https://h:70000", False),
        ("https://h:x", False),
        ("https://user@h", False),
        ("https://:pw@h", False),
        ("javascript:alert(1)", False),
        ("https://[::1", False),
    ],
)
def test_is_address(url, fine):
    assert wire.is_address(url) is fine
