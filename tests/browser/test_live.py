"""What the page's scripts keep while parts of it are replaced: ticks, focus, one voice, calm."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, ElementHandle, Page, expect

from tests.browser.conftest import Orders
from tests.browser.hands import PAYPAL, imported, sign_in, step

pytestmark = pytest.mark.browser


def test_a_tick_made_while_a_list_is_read_is_kept(page: Page, aep: Orders) -> None:
    """The list of accounts is shown as last known, then read anew and replaced."""
    sign_in(page, "analyst")
    imported(page, "version: 1\nname: Ticked early\naccount: {source: paypal}\n")
    step(page, "account")
    expect(page.get_by_text("Looking for newer accounts")).to_have_count(0)
    aep.fault("delay", "/connections$", delay_s=1.5, method="GET")
    step(page, "account")
    expect(page.get_by_text("Looking for newer accounts")).to_be_visible()
    wanted = page.get_by_role("radio", name=re.compile("PayPal EU"))
    wanted.check()
    old = wanted.element_handle()

    expect(page.get_by_text("Looking for newer accounts")).to_have_count(0)
    assert not old.evaluate("one => one.isConnected"), "the list was not replaced"
    expect(wanted).to_be_checked()
    expect(wanted).to_be_focused()


def test_the_focus_stays_where_it_was_after_a_swap(page: Page) -> None:
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Focus"))
    step(page, "data")
    expect(page.locator("#columns-table tbody tr").first).to_be_visible()
    for part, button in (("#items", "Refresh"), ("#columns-part", "Refresh")):
        place = page.locator(part)
        pressed = place.get_by_role("button", name=button).first
        old = pressed.element_handle()
        pressed.focus()
        page.keyboard.press("Enter")
        gone(page, old)
        expect(place.locator(":focus").or_(page.locator(f"{part}:focus"))).to_have_count(1)


def gone(page: Page, old: ElementHandle) -> None:
    """The part that held it has been replaced. (Waiting in the page takes eval, which CSP bars.)"""
    for _ in range(200):
        if not old.evaluate("one => one.isConnected"):
            return
        page.wait_for_timeout(50)
    pytest.fail("nothing was replaced")


@pytest.mark.parametrize("where", ["account", "data", "dataset", "mapping", "schedule", "review"])
def test_one_voice_speaks(page: Page, where: str) -> None:
    """One polite live region announces; parts that are swapped have none of their own."""
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="One voice"))
    step(page, where)
    expect(page.locator("[aria-busy=true]:visible")).to_have_count(0)
    assert page.locator("#live[aria-live=polite]").count() == 1
    assert page.locator("[data-lazy] [aria-live]").count() == 0


def test_who_wants_no_motion_sees_none(chromium: Browser, site: str) -> None:
    context = chromium.new_context(base_url=site, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, "analyst")
    page.goto("/sources/")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(one => {
          const style = getComputedStyle(one);
          const long = text => text.split(",").some(part => parseFloat(part) > 0.02);
          return long(style.transitionDuration) || (style.animationName !== "none"
            && long(style.animationDuration) && style.animationIterationCount !== "1");
        }).map(one => one.outerHTML.slice(0, 80))"""
    )
    context.close()
    assert moving == []
