"""A dataflow without a mouse: Tab, arrows, Space, Enter and typing, nothing else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import PASSWORD, expect_passed, expect_step

pytestmark = pytest.mark.browser
FOCUSED = """() => { const one = document.activeElement; return [
  one.tagName, one.getAttribute("name"), one.getAttribute("value"), one.id,
  (one.getAttribute("aria-label") || one.innerText || "").trim()].join("|"); }"""


def tab_to(page: Page, wanted: str, most: int = 220) -> None:
    """Tabs until what has the focus matches ``wanted``; it must be seen to have it."""
    pattern = re.compile(wanted, re.DOTALL)
    for _ in range(most):
        if pattern.search(page.evaluate(FOCUSED)):
            assert page.evaluate("() => document.activeElement.matches(':focus-visible')")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never came to {wanted}; last was {page.evaluate(FOCUSED)}")


def write(page: Page, field: str, text: str) -> None:
    tab_to(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def press_next(page: Page, to: str) -> None:
    tab_to(page, r"^BUTTON\|action\|next")
    page.keyboard.press("Enter")
    expect_step(page, to)


def test_a_dataflow_by_keyboard_alone(page: Page) -> None:
    page.goto("/sign-in/")
    write(page, "username", "analyst")
    write(page, "password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("sign-in"))

    page.goto("/sources/")
    write(page, "Search sources", "paypal")
    tab_to(page, r"^BUTTON\|.*PayPal")
    page.keyboard.press("Enter")
    expect_step(page, "Account")
    expect(page.get_by_text("Looking for newer accounts")).to_have_count(0)
    choose_radio(page, "account", "PayPal EU")
    press_next(page, "Add data")

    write(page, "Search tables", "Currencies")
    expect(page.get_by_role("radio", name="Currencies", exact=True)).to_be_visible()
    tab_to(page, r"^INPUT\|object\|")
    page.keyboard.press("Space")
    expect(page.locator("#columns-table tbody tr").first).to_be_visible()
    press_next(page, "Dataflow detail")

    write(page, "id_name", "Currencies by keyboard")
    choose_radio(page, "into", "New dataset")
    write(page, "id_dataset_name", "Currencies by keyboard")
    expect(page.locator("#proposal tbody tr").first).to_be_visible()
    press_next(page, "Mapping")

    expect(page.locator("#map-rows > li").first).to_be_visible()
    press_next(page, "Scheduling")
    tab_to(page, "id_frequency")
    page.keyboard.type("Once")
    expect(page.get_by_label("Frequency")).to_have_value("once")
    press_next(page, "Review")

    expect_passed(page)
    tab_to(page, r"^BUTTON\|action\|finish")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/dataflows/\d+/"), timeout=60_000)


def choose_radio(page: Page, group: str, label: str) -> None:
    """Tab reaches a group of radio buttons once; arrows go through it."""
    tab_to(page, rf"^INPUT\|{group}\|")
    wanted = page.get_by_role("radio", name=re.compile(label)).first
    page.keyboard.press("Space")
    for _ in range(20):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"the arrows never came to {label}")


def test_mapping_rows_by_keys(page: Page) -> None:
    """Adding, moving, removing and undoing keep the focus in the editor."""
    from tests.browser.hands import PAYPAL, imported, sign_in, step

    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Rows by keys"))
    step(page, "mapping")
    rows = page.locator("#map-rows > li")
    first = rows.nth(0).locator('[name="source"]')
    name, count = first.input_value(), rows.count()
    first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.nth(1).locator('[name="source"]')).to_have_value(name)
    expect(rows.nth(1).locator('[name="source"]')).to_be_focused()
    page.keyboard.press("Control+Delete")
    expect(rows).to_have_count(count - 1)
    expect(page.locator("#map-rows input:focus")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(rows).to_have_count(count)
