from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import httpx
import pytest

from flowsite.aep import errors
from flowsite.aep.codes import explain
from flowsite.aep.error_bodies import error_for, retry_after
from flowsite.aep.errors import AepError

NOW = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)


def read(status: int, body: object = None, headers: dict[str, str] | None = None, **options):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_for(status, httpx.Headers(headers or {}), content, now=NOW, **options)


FLOW = {
    "type": "https://ns.adobe.com/aep/errors/FLOW-1439-404",
    "title": "Not found",
    "status": 404,
    "report": {"detailed-message": "The flow is gone", "request-id": "b6c1"},
    "errorMessage": "short",
    "errorDetails": "flow",
}
XDM = {
    "type": "http://ns.adobe.com/aep/errors/XDM-1521-400",
    "title": "Title not unique",
    "status": 400,
    "report": {
        "registryRequestId": "reg-1",
        "detailed-message": "used by https://ns.adobe.com/a/schemas/1",
    },
    "detail": "x",
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "message", "request_id"),
    [
        pytest.param(
            403,
            {"error_code": "403010", "message": "Oauth token is missing."},
            errors.Unauthorized,
            "403010",
            "Oauth token is missing.",
            None,
            id="gateway, text code: a token problem",
        ),
        pytest.param(
            403,
            {"error_code": 401013, "message": "expired"},
            errors.Unauthorized,
            "401013",
            "expired",
            None,
            id="gateway, number code: a token problem",
        ),
        pytest.param(
            403,
            {"error_code": 403003, "message": "Api Key is invalid"},
            errors.Forbidden,
            "403003",
            "Api Key is invalid",
            None,
            id="gateway, other code",
        ),
        pytest.param(
            429,
            {"error_code": "429050", "message": "Too many requests"},
            errors.TooManyRequests,
            "429050",
            "Too many requests",
            None,
            id="gateway, 429",
        ),
        pytest.param(
            400,
            {
                "type": "/placeholder/type/uri",
                "status": 400,
                "title": "BadRequestError",
                "detail": "d",
            },
            errors.BadRequest,
            None,
            "d",
            None,
            id="placeholder",
        ),
        pytest.param(
            404,
            FLOW,
            errors.NotFound,
            "FLOW-1439-404",
            "The flow is gone",
            "b6c1",
            id="flow service",
        ),
        pytest.param(
            412,
            {"errorMessage": "stale", "errorDetails": "the etag is FLOW-1404-412"},
            errors.StaleEtag,
            "FLOW-1404-412",
            "stale – the etag is FLOW-1404-412",
            None,
            id="flow service, older form",
        ),
        pytest.param(
            400,
            {"message": "connectionSpec not known"},
            errors.BadRequest,
            None,
            "connectionSpec not known",
            None,
            id="message only",
        ),
        pytest.param(
            400,
            XDM,
            errors.BadRequest,
            "XDM-1521-400",
            "used by https://ns.adobe.com/a/schemas/1",
            "reg-1",
            id="schema registry",
        ),
        pytest.param(
            401,
            {"error": "invalid_token", "error_description": "ended"},
            errors.Unauthorized,
            "invalid_token",
            "ended",
            None,
            id="oauth",
        ),
        pytest.param(
            422,
            {"errors": [{"code": "E1", "message": "version is missing"}]},
            errors.BadRequest,
            "E1",
            "version is missing",
            None,
            id="list of errors",
        ),
        pytest.param(
            400,
            [{"code": "E2", "message": "in a list"}],
            errors.BadRequest,
            "E2",
            "in a list",
            None,
            id="body is a list",
        ),
        pytest.param(
            409,
            {"error": {"code": 7, "message": "m"}},
            errors.Conflict,
            "7",
            "m",
            None,
            id="nested",
        ),
        pytest.param(400, "just text", errors.BadRequest, None, "just text", None, id="JSON text"),
        pytest.param(
            500,
            {"type": "https://ns.adobe.com/aep/errors/connector-1308-500", "title": "provider"},
            errors.ServerError,
            "CONNECTOR-1308-500",
            "provider",
            None,
            id="lower-case code",
        ),
        pytest.param(
            502,
            b"<html><head><title>5</title></head><body><h1>Bad &amp; Gateway</h1></html>",
            errors.ServerError,
            None,
            "Bad & Gateway",
            None,
            id="HTML",
        ),
        pytest.param(503, b"", errors.ServerError, None, "Service Unavailable", None, id="empty"),
        pytest.param(404, b'{"a":', errors.NotFound, None, '{"a":', None, id="cut JSON"),
        pytest.param(404, {}, errors.NotFound, None, "Not Found", None, id="empty object"),
        pytest.param(404, None, errors.NotFound, None, "Not Found", None, id="null"),
        pytest.param(599, b"\xff\xfe\x00", errors.ServerError, None, "��", None, id="binary"),
        pytest.param(408, {}, errors.ServerError, None, "Request Timeout", None, id="408"),
        pytest.param(410, {}, errors.NotFound, None, "Gone", None, id="410"),
        pytest.param(418, {"title": 7}, errors.BadRequest, None, "7", None, id="odd types"),
        pytest.param(
            307,
            b"",
            errors.BadRequest,
            None,
            "it points to another address, which is not followed; is the address right?",
            None,
            id="a redirect",
        ),
    ],
)
def test_body_family(status, body, kind, code, message, request_id):
    error = read(status, body)

    assert (type(error), error.status, error.code, error.message, error.request_id) == (
        kind,
        status,
        code,
        message,
        request_id,
    )


@pytest.mark.parametrize(
    ("kind", "permanent", "outcome_known"),
    [
        (errors.NotSent, True, True),
        (errors.ConnectionFailed, False, True),
        (errors.AnswerLost, False, False),
        (errors.MalformedAnswer, False, False),
        (errors.BadCredential, True, True),
        (errors.ServerError, False, False),
        (errors.TooManyRequests, False, True),
        (errors.Unauthorized, True, True),
        (errors.Forbidden, True, True),
        (errors.NotFound, True, True),
        (errors.Conflict, True, True),
        (errors.StaleEtag, False, True),
        (errors.BadRequest, True, True),
    ],
)
def test_policy_of_each_class(kind, permanent, outcome_known):
    error = kind("words")

    assert (error.permanent, error.outcome_known) == (permanent, outcome_known)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AepError(), "The call to Experience Platform failed."),
        (AepError("Why?"), "The call to Experience Platform failed: Why?"),
        (
            errors.NotFound("gone.", code="FLOW-1439-404"),
            "Experience Platform does not find it: gone (FLOW-1439-404).",
        ),
        (
            errors.BadRequest("FLOW-1 it is"),
            "Experience Platform refused the request: FLOW-1 it is.",
        ),
        (errors.BadCredential("no!"), "Adobe refused the credential: no!"),
    ],
)
def test_text_is_a_sentence(error, expected):
    assert str(error) == expected


def test_error_survives_a_task_queue():
    error = errors.TooManyRequests("slow", status=429, code="429050", retry_after_s=3.5)

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is errors.TooManyRequests
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"Retry-After": " 1.5 "}, 1.5, id="a fraction"),
        pytest.param({"retry-after": "0"}, 0.0, id="now"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "99999999999"}, 7 * 24 * 3600.0, id="absurd"),
        pytest.param({"retry-after": "Fri, 01 Jan 2027 12:00:30 GMT"}, 30.0, id="a date"),
        pytest.param({"retry-after": "Fri, 01 Jan 2027 11:00:00 GMT"}, 0.0, id="a past date"),
        pytest.param({"retry-after": "Fri, 99 Jan 2027 11:00:00 GMT"}, None, id="no date"),
        pytest.param(
            {
                "retry-after": "Fri, 01 Jan 2027 13:00:10 GMT",
                "date": "Fri, 01 Jan 2027 13:00:00 GMT",
            },
            10.0,
            id="by the server's own clock",
        ),
    ],
)
def test_retry_after(headers, expected):
    assert retry_after(httpx.Headers(headers), now=NOW) == expected


@pytest.mark.parametrize(
    "headers",
    [{"x-request-id": "h-1"}, {"x-adobe-request-id": "h-1"}, {"X-Correlation-Id": "h-1"}],
)
def test_request_id_from_a_header(headers):
    assert read(500, b"", headers).request_id == "h-1"


def test_message_is_bounded_and_plain():
    error = read(400, {"message": "<b>x</b>\u202e\r\n\x00y " + "z" * 5000})

    assert error.message.startswith("x y zzz")
    assert error.message.endswith("z…")
    assert len(error.message) == 600


def test_very_deep_body_is_no_crash():
    error = read(500, b"[" * 200_000)

    assert isinstance(error, errors.ServerError)


def test_secrets_leave_message_code_and_request_id():
    secret = 'p@ss "w" & <1>'
    body = {
        "code": "E-1",
        "message": f"login with {secret} failed; {json.dumps(secret)}; Bearer abc.def.ghi",
        "request-id": "id p%40ss%20%22w%22%20%26%20%3C1%3E",
    }

    error = read(400, body, secrets=[secret])

    assert error.message == 'login with ••• failed; "•••"; Bearer •••'
    assert error.request_id == "id •••"


def test_explanation_is_by_code_then_status():
    assert read(404, FLOW).explanation.whose_turn == "admin"
    assert read(503, b"").explanation.whose_turn == "wait"
    assert errors.BadCredential("x").explanation.whose_turn == "admin"


@pytest.mark.parametrize(
    "error",
    [
        errors.ConnectionFailed("refused"),
        errors.AnswerLost("the connection broke"),
        errors.MalformedAnswer("the body is not JSON", status=200),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_that_is_missing_is_not_explained_as_an_unknown_code(error: errors.AepError):
    assert error.explanation == explain(None, 504)
