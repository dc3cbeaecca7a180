from __future__ import annotations

import pytest

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
    ],
)
def test_text_loses_its_secret(text):
    assert "canary" not in redact_text(text)
