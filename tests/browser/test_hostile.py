"""Names from outside are picked, kept and submitted byte for byte, and stay text on every page."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from flowsite.emulator.systems.hostile import ODD_TABLES
from tests.browser.conftest import Orders
from tests.browser.hands import (
    begin,
    exported,
    finish,
    go_on,
    new_dataset,
    packed,
    sign_in,
)

pytestmark = pytest.mark.browser
IDS = ["markup", "quotes", "right-to-left", "slashes", "percent", "blanks", "long"]


def pick_odd(page: Page, table: str) -> None:
    page.get_by_label("Search tables").fill("hostile")
    choice = page.locator('input[name="object"]')
    expect(page.locator("#items")).to_contain_text(re.compile(r"\d+ of \d+ match"))
    values = choice.evaluate_all("all => all.map(one => one.value)")
    choice.nth(values.index(packed(table))).check()
    expect(page.locator("#columns-table tbody tr").first).to_be_visible()


@pytest.mark.parametrize("table", ODD_TABLES, ids=IDS)
def test_an_odd_table_is_kept_as_it_is(page: Page, table: str) -> None:
    sign_in(page, "analyst")
    begin(page, "PayPal", "PayPal EU")
    pick_odd(page, table)
    go_on(page, "Dataflow detail")

    page.go_back()
    expect(page.locator(f"input[name=object][value={packed(packed(table))}]")).to_be_checked()
    assert yaml_table(exported(page)) == table


def yaml_table(text: str) -> str:
    from flowsite.definitions import yamlform

    found = yamlform.load_partial(text).data
    assert found
    return found.table or ""


def test_an_odd_table_reaches_aep_byte_for_byte(page: Page, aep: Orders) -> None:
    table = ODD_TABLES[0]
    sign_in(page, "analyst")
    begin(page, "PayPal", "PayPal EU")
    pick_odd(page, table)
    go_on(page, "Dataflow detail")
    name = "<script>alert('name')</script> 100 % \"odd\""
    new_dataset(page, name)
    expect(page.locator("#proposal tbody tr").first).to_be_visible()
    go_on(page, "Mapping")
    go_on(page, "Scheduling")
    page.get_by_label("Frequency").select_option("Day")
    page.get_by_label(re.compile("Load incremental")).select_option("changed")
    go_on(page, "Review")
    finish(page)

    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    number = re.search(r"/dataflows/(\d+)/", page.url)
    assert number
    assert yaml_table(page.request.get(f"/dataflows/{number[1]}/export/").text()) == table
    sent = httpx.get(aep.base.removesuffix("/_emulator") + "/_emulator/state", timeout=10)
    assert sent.json()["objects"]["flow"] >= 3
