from __future__ import annotations

import json
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from flowsite.aep import wire
from flowsite.aep.errors import (
    AepError,
    AnswerLost,
    BadRequest,
    ConnectionFailed,
    Forbidden,
    MalformedAnswer,
    NotSent,
    ServerError,
    TooManyRequests,
    Unauthorized,
)
from flowsite.aep.session import segment
from flowsite.aep.throttle import MemoryThrottle

from .peer import CONFIG, Peer, ok, problem

PATH = "/data/foundation/flowservice/flows"


# --- requests are strict --------------------------------------------------------------------------


def headers_of(peer: Peer) -> dict[str, str]:
    """What we send by ourselves; Host and Content-Length belong to HTTP."""
    own = dict(peer.requests[-1].headers)
    return {k: v for k, v in own.items() if k not in {"host", "content-length", "user-agent"}}


BASE_HEADERS = {
    "authorization": "Bearer token-1",
    "x-api-key": "client-1",
    "x-gw-ims-org-id": "ACME@AdobeOrg",
    "accept-encoding": "gzip, deflate",
}


def test_headers_of_a_read():
    peer = Peer(ok({}))

    peer.session().request("GET", PATH)

    assert headers_of(peer) == {**BASE_HEADERS, "x-sandbox-name": "dev"}


def test_headers_of_a_create():
    peer = Peer(ok({}, 201))

    peer.session().request("POST", PATH, json={"name": "é"})

    expected = {**BASE_HEADERS, "x-sandbox-name": "dev", "content-type": "application/json"}
    assert headers_of(peer) == expected
    assert peer.body() == {"name": "é"}


def test_a_post_without_body_has_no_content_type():
    peer = Peer(ok({}))

    peer.session().request("POST", f"{PATH}/1/action", params=[("op", "enable")])

    assert headers_of(peer) == {**BASE_HEADERS, "x-sandbox-name": "dev"}
    assert peer.requests[0].content == b""


def test_the_sandbox_list_names_no_sandbox():
    peer = Peer(ok({}))

    peer.session().request("GET", "/x", needs_sandbox=False)

    assert headers_of(peer) == BASE_HEADERS


def test_if_match_is_verbatim():
    peer = Peer(ok({}))

    peer.session().request("PATCH", f"{PATH}/1", json=[], headers={"If-Match": '"ab00-1234"'})

    assert peer.requests[0].headers["if-match"] == '"ab00-1234"'


def test_repeated_parameters_stay_repeated_and_encoded():
    peer = Peer(ok({}))

    peer.session().request(
        "GET", PATH, params=[("property", 'name=="a & b+c"'), ("property", "id==é/😀")]
    )

    assert peer.paths == [
        f"GET {PATH}?property=name%3D%3D%22a%20%26%20b%2Bc%22"
        "&property=id%3D%3D%C3%A9%2F%F0%9F%98%80"
    ]


def test_hostile_text_in_a_body_arrives_byte_for_byte():
    peer = Peer(ok({}))
    name = '<script>&"\\\u2028\x00😀\ud800'

    peer.session().request("POST", PATH, json={"name": name})

    assert peer.body() == {"name": name}


def test_base_address_with_a_path_and_slash():
    peer = Peer(ok({}))
    config = replace(CONFIG, platform_url="https://gateway.example/aep/ ")

    peer.session(config).request("GET", "/data/x")

    assert str(peer.requests[0].url) == "https://gateway.example/aep/data/x"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"org_id": "a\r\nx: y"}, "x-gw-ims-org-id", id="a line break in a header"),
        pytest.param({"client_id": "clé"}, "x-api-key", id="a letter outside ASCII"),
        pytest.param({"sandbox": None}, "needs a sandbox", id="no sandbox"),
        pytest.param({"platform_url": "https://ho st"}, "not a valid address", id="no host"),
        pytest.param({"platform_url": "https://h:99999"}, "not a valid address", id="no port"),
        pytest.param({"platform_url": "https://u:p@h"}, "not a valid address", id="a password"),
        pytest.param({"platform_url": "ftp://h"}, "not a valid address", id="no HTTP"),
        pytest.param({"platform_url": ""}, "not a valid address", id="nothing"),
    ],
)
def test_what_can_not_be_sent(change, words):
    peer = Peer(ok({}))

    with pytest.raises(NotSent, match=words) as caught:
        peer.session(replace(CONFIG, **change)).request("POST", PATH, json={})
    assert (caught.value.permanent, caught.value.outcome_known) == (True, True)
    assert peer.requests == []


@pytest.mark.parametrize(
    "path", ["x", "//evil.example/x", "https://evil.example/", "@evil.example"]
)
def test_the_token_goes_to_no_other_host(path):
    peer = Peer(ok({}))

    with pytest.raises(NotSent):
        peer.session().request("GET", path)
    assert peer.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status):
    peer = Peer(httpx.Response(status, headers={"location": "https://evil.example/"}))

    with pytest.raises(BadRequest, match="points to another address"):
        peer.session().request("GET", PATH)
    assert len(peer.requests) == 1


def test_cookies_are_not_kept():
    peer = Peer(ok({}, **{"set-cookie": "a=b"}))
    session = peer.session()

    session.request("GET", PATH)
    session.request("GET", PATH)

    assert "cookie" not in peer.requests[1].headers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a-b_c.d~", "a-b_c.d~"),
        ("https://ns.adobe.com/a", "https%3A%2F%2Fns.adobe.com%2Fa"),
        ("../x?y#z", "..%2Fx%3Fy%23z"),
        ("é %", "%C3%A9%20%25"),
    ],
)
def test_segment(value, expected):
    assert segment(value) == expected


@pytest.mark.parametrize("value", ["", ".", "..", "..."])
def test_what_is_no_segment(value):
    with pytest.raises(BadRequest):
        segment(value)


# --- repeats --------------------------------------------------------------------------------------


def outcome(peer: Peer, method: str = "GET", **options):
    session = peer.session(**options)
    try:
        return session.request(method, PATH, json={} if method == "POST" else None).json()
    except AepError as error:
        return type(error)


@pytest.mark.parametrize(
    ("method", "answers", "result", "calls"),
    [
        pytest.param("GET", [problem(503), ok(1)], 1, 2, id="a read after 503"),
        pytest.param("GET", [httpx.ReadTimeout("x"), ok(1)], 1, 2, id="a read after a time-out"),
        pytest.param("GET", [httpx.ReadError("x"), ok(1)], 1, 2, id="a read after a cut"),
        pytest.param(
            "GET", [httpx.Response(200, content=b'{"a"'), ok(1)], 1, 2, id="a read after cut JSON"
        ),
        pytest.param("GET", [problem(503)], ServerError, 4, id="a read that keeps failing"),
        pytest.param("POST", [problem(503), ok(1)], ServerError, 1, id="a create after 503"),
        pytest.param(
            "POST", [httpx.ReadTimeout("x"), ok(1)], AnswerLost, 1, id="a create, no answer"
        ),
        pytest.param("POST", [httpx.WriteError("x"), ok(1)], AnswerLost, 1, id="a create, cut"),
        pytest.param(
            "POST", [httpx.RemoteProtocolError("x"), ok(1)], AnswerLost, 1, id="a create, hung up"
        ),
        pytest.param("POST", [problem(429), ok(1)], 1, 2, id="a create after 429"),
        pytest.param("POST", [httpx.ConnectError("x"), ok(1)], 1, 2, id="a create that never left"),
        pytest.param(
            "POST", [httpx.ConnectTimeout("x"), ok(1)], 1, 2, id="a create, no connection"
        ),
        pytest.param("POST", [httpx.PoolTimeout("x"), ok(1)], 1, 2, id="a create, no free line"),
        pytest.param("POST", [httpx.ConnectError("x")], ConnectionFailed, 4, id="nobody there"),
        pytest.param("POST", [problem(401), ok(1)], 1, 2, id="a create after 401"),
        pytest.param("GET", [problem(400), ok(1)], BadRequest, 1, id="a refusal"),
    ],
)
def test_what_is_sent_again(method, answers, result, calls):
    peer = Peer(*answers)

    assert outcome(peer, method) == result
    assert len(peer.requests) == calls


def test_a_post_that_reads_is_asked_again():
    peer = Peer(problem(503), ok(1))

    assert peer.session().request("POST", PATH, json={}, reads=True).json() == 1


def test_retry_after_is_waited():
    peer = Peer(problem(429, **{"retry-after": "7"}), ok(1))

    outcome(peer, "POST")

    assert [int(wait) for wait in peer.sleeps] == [7]


def test_a_wait_that_is_too_long_is_the_callers():
    peer = Peer(problem(429, **{"retry-after": "61"}))

    with pytest.raises(TooManyRequests) as caught:
        peer.session(max_wait_s=60).request("POST", PATH, json={})
    assert (caught.value.retry_after_s, caught.value.outcome_known) == (61.0, True)
    assert peer.sleeps == []


def test_429_without_retry_after_still_says_when():
    peer = Peer(problem(429))

    with pytest.raises(TooManyRequests) as caught:
        peer.session(max_wait_s=1).request("GET", PATH)
    assert caught.value.retry_after_s > 0


def test_waits_in_all_are_bounded():
    peer = Peer(problem(429, **{"retry-after": "8"}))

    assert outcome(peer, "POST", max_wait_s=20) is TooManyRequests
    assert sum(peer.sleeps) <= 20
    assert len(peer.requests) == 3


def test_a_429_storm_loses_nothing():
    peer = Peer(*[problem(429)] * 8, ok(1))

    assert outcome(peer, "POST", max_wait_s=200) == 1


def test_a_slow_explore_is_not_asked_for_minutes():
    peer = Peer()

    def slow(request):
        session._clock.now += 90  # what a time-out costs
        return httpx.ReadTimeout("x")

    peer.handler = slow
    session = peer.session(max_wait_s=20)

    with pytest.raises(AnswerLost):
        session.request("GET", PATH, timeout_s=90)
    assert len(peer.requests) == 1


def test_calls_are_counted_with_their_repeats():
    peer = Peer(problem(503), ok(1))
    session = peer.session()

    session.request("GET", PATH)

    assert session.calls == 2


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(lambda: problem(401, "FLOW-2001-401"), id="401"),
        pytest.param(
            lambda: httpx.Response(403, json={"error_code": "403010", "message": "m"}), id="403010"
        ),
        pytest.param(
            lambda: httpx.Response(403, json={"error_code": 401013, "message": "m"}), id="401013"
        ),
    ],
)
def test_a_dead_token_is_renewed_once(refusal):
    peer = Peer(refusal(), ok(1))

    assert outcome(peer, "POST") == 1
    assert peer.tokens.refused == ["token-1"]
    assert [r.headers["authorization"] for r in peer.requests] == [
        "Bearer token-1",
        "Bearer token-2",
    ]
    assert peer.sleeps == []


def test_a_refused_new_token_is_an_error():
    peer = Peer(problem(401))

    assert outcome(peer) is Unauthorized
    assert len(peer.requests) == 2


def test_a_missing_permission_renews_nothing():
    peer = Peer(problem(403, "FLOW-2120-403"))

    assert outcome(peer) is Forbidden
    assert peer.tokens.refused == []


def test_the_token_dies_between_two_repeats():
    peer = Peer(problem(503), problem(401), problem(503), ok(1))

    assert outcome(peer) == 1


def test_the_token_source_fails():
    peer = Peer(ok(1))

    def fail():
        raise ConnectionFailed("IMS is away")

    peer.tokens.get = fail

    with pytest.raises(ConnectionFailed, match="IMS is away"):
        peer.session().request("POST", PATH, json={})
    assert peer.requests == []


# --- throttle -------------------------------------------------------------------------------------


class Spy:
    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.asked: list[float] = []
        self.penalties: list[float] = []

    def reserve(self, longest_s: float) -> float:
        self.asked.append(longest_s)
        return self.waits.pop(0) if self.waits else 0.0

    def penalise(self, seconds: float) -> None:
        self.penalties.append(seconds)


def test_a_call_waits_for_its_slot():
    peer = Peer(ok(1))

    peer.session(throttle=Spy(1.5)).request("GET", PATH)

    assert peer.sleeps == [1.5]


def test_a_slot_too_far_away_sends_nothing():
    peer = Peer(ok(1))

    with pytest.raises(TooManyRequests) as caught:
        peer.session(throttle=Spy(30), max_wait_s=20).request("POST", PATH, json={})
    assert (caught.value.retry_after_s, caught.value.outcome_known) == (30, True)
    assert peer.requests == []


def test_429_is_told_to_everybody():
    throttle = Spy()
    peer = Peer(problem(429, **{"retry-after": "5"}), ok(1))

    peer.session(throttle=throttle).request("GET", PATH)

    assert throttle.penalties == [5.0]


def test_slot_waits_count_as_waiting():
    throttle = Spy(15, 0)
    peer = Peer(problem(429, **{"retry-after": "10"}), ok(1))

    with pytest.raises(TooManyRequests):
        peer.session(throttle=throttle, max_wait_s=20).request("GET", PATH)
    assert throttle.asked == [20]


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", None),
        (b"  \n", None),
        (b"null", None),
        (b"\xef\xbb\xbf[1]", [1]),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
    ],
)
def test_json_bodies(content, expected):
    peer = Peer(httpx.Response(200, content=content))

    assert peer.session().request("GET", PATH).json() == expected


@pytest.mark.parametrize(
    "content", [b"<html>", b"{", b"\xff\xff", b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_unreadable_success(content):
    peer = Peer(httpx.Response(200, content=content))

    with pytest.raises(MalformedAnswer) as caught:
        peer.session().request("POST", PATH, json={}).json()
    assert caught.value.outcome_known is False
    assert caught.value.__cause__ is None  # a JSON error would carry the body


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(wire, "MAX_ANSWER_BYTES", 1000)
    peer = Peer(httpx.Response(200, content=b"[" + b" " * 1000))

    with pytest.raises(MalformedAnswer, match="too large"):
        peer.session().request("POST", PATH, json={})


def test_an_unknown_packing_is_refused():
    peer = Peer(
        handler=lambda r: httpx.Response(200, headers={"content-encoding": "br"}, content=b"")
    )

    with pytest.raises(MalformedAnswer, match="packed"):
        peer.session().request("POST", PATH, json={})


def test_a_refused_address_is_not_asked_again():
    class Refused(httpx.ConnectError):
        permanent = True

    peer = Peer(Refused("10.0.0.1 is an internal address, which is not allowed."))

    with pytest.raises(NotSent, match="internal address") as caught:
        peer.session().request("GET", PATH)
    assert caught.value.permanent is True
    assert len(peer.requests) == 1


def test_lines_stream_and_are_cut_at_line_feeds_only():
    text = '{"a": "x\u2028y"}\r\n\n{"b": 1}'.encode()
    peer = Peer(httpx.Response(200, content=text))

    lines = list(peer.session().lines("/x"))

    assert lines == ['{"a": "x\u2028y"}\r'.encode(), b"", b'{"b": 1}']


def test_lines_are_opened_again_and_report_errors():
    peer = Peer(problem(503), problem(404, "FLOW-1439-404", "gone"))

    with pytest.raises(AepError, match="gone"):
        list(peer.session().lines("/x"))
    assert len(peer.requests) == 2


# --- secrets and logs -----------------------------------------------------------------------------

SECRET = "hunter2-swordfish"


def test_one_log_line_per_request_without_query_or_body(caplog):
    peer = Peer(problem(503, "FLOW-1103-503"), ok({"id": "1"}, **{"x-request-id": "r-2"}))

    with caplog.at_level(logging.INFO, "flowsite.aep"):
        peer.session().request("GET", PATH, params=[("object", SECRET)], operation="test.op")

    first, second = (record.__dict__ for record in caplog.records)
    assert {name: first[name] for name in ("operation", "method", "path", "status", "attempt")} == {
        "operation": "test.op",
        "method": "GET",
        "path": PATH,
        "status": 503,
        "attempt": 0,
    }
    assert (first["error"], first["code"], first["request_id"]) == (
        "ServerError",
        "FLOW-1103-503",
        "req-1",
    )
    assert (second["status"], second["request_id"], second["attempt"]) == (200, "r-2", 1)
    assert second["duration_ms"] >= 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            lambda: problem(400, "CONNECTOR-1308-400", f"bad password {SECRET} token-1"), id="400"
        ),
        pytest.param(lambda: problem(500, "", SECRET), id="500"),
        pytest.param(lambda: httpx.Response(502, content=f"<p>{SECRET}</p>".encode()), id="HTML"),
        pytest.param(lambda: httpx.Response(200, content=f"{{{SECRET}".encode()), id="malformed"),
        pytest.param(
            lambda: httpx.LocalProtocolError(f"Illegal header value {SECRET}"), id="header"
        ),
        pytest.param(lambda: httpx.ReadTimeout("x"), id="time-out"),
    ],
)
def test_no_secret_leaves(answer, caplog):
    peer = Peer(answer())
    session = peer.session()
    body = {"auth": {"specName": "Basic", "params": {"password": SECRET}}}

    with caplog.at_level(logging.DEBUG), pytest.raises(AepError) as caught:
        session.request("POST", PATH, json=body).json()

    seen = [
        str(caught.value),
        repr(caught.value),
        json.dumps(vars(caught.value), default=str),
        repr(caught.value.__cause__),
        repr(session),
        *(json.dumps(record.__dict__, default=str) for record in caplog.records),
    ]
    assert not any(SECRET in text or "token-1" in text for text in seen)


def test_tools_that_print_local_variables_see_no_token():
    peer = Peer(problem(400))

    with pytest.raises(BadRequest) as caught:
        peer.session().request("GET", PATH)

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [line for line in shown.format() if "/flowsite/aep/" in line]
    assert ours
    assert not any("token-1" in line for line in ours)


# --- threads --------------------------------------------------------------------------------------


def test_many_threads_share_a_session():
    lock = threading.Lock()
    seen: set[str] = set()

    def handler(request):
        with lock:
            seen.add(request.url.params["n"])
        return ok({"n": request.url.params["n"]})

    peer = Peer(handler=handler)
    session = peer.session(throttle=MemoryThrottle(rate_per_s=100_000))

    def call(n: int) -> bool:
        return session.request("GET", PATH, params=[("n", str(n))]).json() == {"n": str(n)}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(200)))
    assert len(seen) == 200
    assert session.calls == 200
