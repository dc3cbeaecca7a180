"""Reading a small file: not too large, not too slow, and from nowhere else."""

from __future__ import annotations

import httpx
import pytest

from flowsite.outbound.fetching import fetch


def read(answer: httpx.Response, **limits: float) -> bytes:
    transport = httpx.MockTransport(lambda _request: answer)
    given = {"timeout_s": 5.0, "most_bytes": 100, **limits}
    return fetch("https://keys.example/", transport=transport, **given)  # type: ignore[arg-type]


def test_the_body_is_read():
    assert read(httpx.Response(200, content=b"key")) == b"key"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(302, headers={"Location": "https://evil.example"}), id="moved"),
        pytest.param(httpx.Response(500), id="failed"),
        pytest.param(httpx.Response(200, content=b"x" * 101), id="too large"),
    ],
)
def test_anything_else_is_an_error(answer):
    with pytest.raises(httpx.HTTPError):
        read(answer)


def test_a_body_that_comes_after_the_time_is_given_up():
    with pytest.raises(httpx.ReadTimeout):
        read(httpx.Response(200, content=b"x"), timeout_s=0)
