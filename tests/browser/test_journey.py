"""The main job by hand: from sign-in to a dataflow whose runs are watched."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import go_on, pick_table, sign_in

pytestmark = pytest.mark.browser

NAME = "PayPal products by hand"


def reload_until(page: Page, shown: str, within_s: float = 60) -> None:
    """A page that a poll of AEP will change."""
    deadline = time.monotonic() + within_s
    while not page.get_by_text(shown, exact=True).first.is_visible():
        assert time.monotonic() < deadline, f"“{shown}” did not appear"
        page.wait_for_timeout(1000)
        page.reload()


def build_paypal_dataflow(page: Page) -> None:
    """Catalogue to Finish, with a schema proposed from the columns."""
    page.get_by_label("Search sources").fill("paypal")
    page.get_by_role("button", name=re.compile("PayPal")).first.click()

    page.get_by_role("radio", name=re.compile("PayPal EU")).check()
    go_on(page, "Add data")

    pick_table(page, "Catalog_Products")
    expect(page.get_by_text("PROD-00001").first).to_be_visible()
    go_on(page, "Dataflow detail")

    page.get_by_label("Dataflow name").fill(NAME)
    page.get_by_label("New dataset").check()
    page.get_by_label("Output dataset name").fill(NAME)
    page.get_by_label("Propose from the columns").check()
    expect(page.get_by_label("Field name of Product_Id")).to_have_value("productId")
    go_on(page, "Mapping")

    expect(page.get_by_role("button", name=re.compile(r"Mapped fields\s*9"))).to_be_visible()
    go_on(page, "Scheduling")

    page.get_by_label("Frequency").select_option("Hour")
    page.get_by_label(re.compile("Load incremental")).select_option("Create_Time")
    go_on(page, "Review")

    expect(page.get_by_text("nothing speaks against it").first).to_be_visible()
    page.get_by_role("button", name="Finish").click()
    expect(page).to_have_url(re.compile(r"/dataflows/\d+/"), timeout=60_000)


def test_from_sign_in_to_a_dataflow_that_is_watched(page: Page) -> None:
    sign_in(page, "analyst")
    build_paypal_dataflow(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    dataflow = page.url
    reload_until(page, "Success")
    page.context.clear_cookies()

    sign_in(page, "ops")
    # Other tests share the installation: the board has more than one page by now.
    page.goto(f"/monitoring/?q={quote(NAME)}")
    expect(page.get_by_role("link", name=NAME)).to_be_visible()
    page.goto("/monitoring/?q=legacy")
    page.get_by_role("link", name="PayPal products (legacy)").click()
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
    page.goto(dataflow)
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    page.context.clear_cookies()

    sign_in(page, "admin")
    page.goto("/credentials/")
    page.get_by_role("link", name="Emulator").click()
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("The credential works")).to_be_visible()


def test_an_analyst_has_no_business_with_credentials(page: Page) -> None:
    sign_in(page, "analyst")

    assert page.request.get("/credentials/").status == 403
    assert page.request.get("/audit/").status == 403


def test_a_draft_is_resumed_where_it_was_left(page: Page) -> None:
    sign_in(page, "analyst")
    page.get_by_role("button", name=re.compile("Square")).first.click()
    page.get_by_role("radio", name=re.compile("Square Stores")).check()
    go_on(page, "Add data")
    here = page.url

    page.context.clear_cookies()
    sign_in(page, "analyst")
    page.goto("/drafts/")
    page.get_by_role("link", name=re.compile("Resume|Untitled")).first.click()

    expect(page).to_have_url(here)
