"""AEP is slow or fails: the page stays usable, says why, and tries again."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Orders
from tests.browser.hands import PAYPAL, expect_saved, expect_step, imported, sign_in, step

pytestmark = pytest.mark.browser
EXPLORE = "/explore"


@pytest.fixture
def untouched(page: Page) -> Page:
    """At Add data of a draft whose account nobody has read yet: names are never the same twice."""
    sign_in(page, "analyst")
    name = f"Trouble {time.monotonic_ns()}"
    imported(page, PAYPAL.format(name=name).replace("PayPal.Catalog_Products", fresh_table()))
    return page


def fresh_table() -> str:
    """Tables that no other test reads, so that nothing is kept of them."""
    fresh_table.last = getattr(fresh_table, "last", 50) + 1  # type: ignore[attr-defined]
    return f"Extra.Orders_{fresh_table.last:05d}"  # type: ignore[attr-defined]


def columns(page: Page) -> Locator:
    return page.locator("#columns-table tbody tr")


def test_a_slow_explore_blocks_nothing(untouched: Page, aep: Orders) -> None:
    page = untouched
    aep.fault("delay", EXPLORE, delay_s=10)
    began = time.monotonic()
    step(page, "data")
    expect(page.get_by_text("Reading the columns…")).to_be_visible()
    assert time.monotonic() - began < 5, "the page waited for AEP"
    chosen = page.locator('input[name="object"]:checked')
    expect(chosen).to_have_count(1)

    step(page, "dataset")
    expect_step(page, "Dataflow detail")
    page.locator("#id_description").fill("Typed while AEP is slow")
    expect_saved(page)
    step(page, "data")
    expect(columns(page).first).to_be_visible(timeout=30_000)


def test_a_slow_explore_can_be_cancelled(untouched: Page, aep: Orders) -> None:
    page = untouched
    aep.fault("delay", EXPLORE, delay_s=10)
    step(page, "data")
    part = page.locator("#columns-part")
    part.get_by_role("button", name="Cancel").click()
    expect(part.get_by_role("button", name="Try again")).to_be_focused()
    expect(part.locator(".skeleton")).to_have_count(0)

    aep.heal()
    part.get_by_role("button", name="Try again").click()
    expect(columns(page).first).to_be_visible()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        pytest.param(500, {"title": "Internal error", "status": 500}, "Internal error", id="500"),
        pytest.param(
            403,
            {"error_code": "403010", "message": "Missing permission to view sources"},
            "403010",
            id="403",
        ),
    ],
)
def test_a_failure_says_why_and_tries_again(
    untouched: Page, aep: Orders, status: int, body: dict[str, object], said: str
) -> None:
    page = untouched
    aep.fault("status", EXPLORE, status=status, body=body)
    step(page, "data")
    failure = page.locator("#columns-part [role=alert]")
    expect(failure).to_be_visible(timeout=30_000)
    for term in ("Cause", "Whose turn", "What to do", "Request id"):
        expect(failure.get_by_text(term, exact=True)).to_be_visible()
    expect(failure).to_contain_text(re.compile(said))

    aep.heal()
    failure.get_by_role("button", name="Try again").click()
    expect(columns(page).first).to_be_visible()


def test_a_token_that_dies_is_replaced_unseen(untouched: Page, aep: Orders) -> None:
    page = untouched
    aep.fault("token_death", EXPLORE, times=1)
    step(page, "data")
    expect(columns(page).first).to_be_visible()
    assert any(one["hit"] for one in aep.calls()), "the token never died"
