"""Fifty tables at once, from the list of tables to fifty published dataflows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import begin, sign_in

pytestmark = pytest.mark.browser
HOW_MANY = 50


def test_fifty_tables_become_fifty_dataflows(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "PayPal", "PayPal EU")
    page.get_by_role("link", name="Several at once").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Several dataflows at once")
    page.get_by_label("Filter", exact=True).fill("Extra.Orders_000")
    boxes = page.locator('#bulk-tables tr:not([hidden]) input[name="object"]')
    expect(boxes).to_have_count(60)
    boxes.evaluate_all(f"all => all.slice(0, {HOW_MANY}).forEach(one => one.click())")
    expect(page.locator('[data-select-count="#bulk-tables"]')).to_contain_text(f"{HOW_MANY} /")
    page.get_by_label("Frequency").select_option("Day")
    page.get_by_role("button", name="Make the drafts").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"{HOW_MANY} dataflows")
    chosen = page.locator('select[name^="delta-"]')
    expect(chosen).to_have_count(HOW_MANY, timeout=30_000)
    assert all(chosen.evaluate_all("all => all.map(one => one.value)")), "no column to load by"
    page.get_by_role("button", name="Submit what is ready").click()

    expect(page.get_by_text(f"{HOW_MANY} submitted, 0 to go")).to_be_visible()
    published = page.locator("#batch-states tbody td", has_text=re.compile("^\\s*Published"))
    expect(published.nth(2)).to_be_visible(timeout=40_000)
    page.reload()
    expect(published.nth(3)).to_be_visible(timeout=40_000)
