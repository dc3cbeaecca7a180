from __future__ import annotations

import json
from collections import OrderedDict
from urllib.parse import quote

import pytest

from flowsite.core import encrypted, redaction
from flowsite.core.redaction import MASK, redact, redact_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"client_secret": "s3cr3t"}, {"client_secret": MASK}, id="a secret name"),
        pytest.param({"a": [{"accessToken": "x"}]}, {"a": [{"accessToken": MASK}]}, id="nested"),
        pytest.param({"password": ""}, {"password": ""}, id="nothing to hide"),
        pytest.param({"continuationToken": "abc"}, {"continuationToken": "abc"}, id="not a secret"),
        pytest.param({"name": "PayPal"}, {"name": "PayPal"}, id="plain"),
    ],
)
def test_redact(value, expected):
    assert redact(value) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary-1234567",
        "client_secret=canary-1234567&x=1",
        '{"accessToken": "canary-1234567"}',
        "{'password': 'canary-1234567'}",
        "postgres://flowsite:canary-1234567@db/flowsite",
        "Endpoint=sb://x/;SharedAccessKey=canary-1234567;EntityPath=y",
        "https://x.blob/f?sv=1&sig=canary-1234567&se=2",
        "GET /welcome/MQ/canary-1234567/",
    ],
)
def test_text_loses_its_secret(text):
    assert "canary" not in redact_text(text)


@pytest.fixture
def nothing_known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", OrderedDict())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('no such thing: p"ss w\u00f6rd/1', id="as it stands"),
        pytest.param(repr(ValueError('p"ss w\u00f6rd/1')), id="in a repr"),
        pytest.param(json.dumps({"x": 'p"ss w\u00f6rd/1'}), id="in JSON"),
        pytest.param("?x=" + quote('p"ss w\u00f6rd/1', safe=""), id="in a query"),
    ],
)
def test_a_known_secret_is_masked_in_every_spelling(nothing_known, text):
    redaction.remember('p"ss w\u00f6rd/1')

    assert "rd/1" not in redact_text(text).replace("%2F", "/")
    assert MASK in redact_text(text)


def test_what_was_encrypted_or_opened_is_known(nothing_known):
    token = encrypted.encrypt(json.dumps({"password": "canary-one", "port": 1}))
    assert redact_text("it said canary-one") == f"it said {MASK}"

    redaction._known.clear()
    encrypted.decrypt(token)

    assert redact_text("it said canary-one") == f"it said {MASK}"


def test_rows_and_addresses_of_people_are_not_taken_for_secrets(nothing_known):
    token = encrypted.encrypt("ops@acme.example", secret=False)
    encrypted.decrypt(token, secret=False)

    assert redact_text("to ops@acme.example") == "to ops@acme.example"


def test_a_short_secret_does_not_mask_words(nothing_known):
    redaction.remember("a")

    assert redact_text("a plain line") == "a plain line"


def test_the_oldest_secrets_are_forgotten(nothing_known, monkeypatch):
    monkeypatch.setattr(redaction, "REMEMBERED", 2)
    for name in ("first-secret", "second-secret", "third-secret"):
        redaction.remember(name)

    assert list(redaction._known) == ["second-secret", "third-secret"]
