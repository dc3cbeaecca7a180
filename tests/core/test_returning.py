"""Where a form's ``next`` may lead."""

from __future__ import annotations

from typing import Any

import pytest

from flowsite.core.returning import go_back


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("/drafts/?q=a", "/drafts/?q=a", id="a page of ours"),
        pytest.param("http://testserver/drafts/", "http://testserver/drafts/", id="with our host"),
        pytest.param("http://evil.example/", "/", id="elsewhere"),
        pytest.param("//evil.example/", "/", id="elsewhere, without a scheme"),
        pytest.param("true", "/", id="a bare word"),
        pytest.param("a:b", "/", id="a namespace"),
        pytest.param("javascript:alert(1)", "/", id="a script"),
        pytest.param("http://[", "/", id="no address"),
        pytest.param("", "/", id="nothing"),
    ],
)
def test_only_addresses_of_ours_are_gone_back_to(rf: Any, address: str, expected: str) -> None:
    assert go_back(rf.get("/"), address, "home")["Location"] == expected
