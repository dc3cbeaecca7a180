"""Nothing typed is lost, nothing is made twice, and the way back works."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.hands import (
    PASSWORD,
    PAYPAL,
    begin,
    expect_passed,
    expect_saved,
    expect_step,
    exported,
    go_on,
    imported,
    pick_table,
    sign_in,
    step,
)

pytestmark = pytest.mark.browser


def test_two_tabs_choose_field_by_field(page: Page, expected_noise: list[str]) -> None:
    expected_noise.append("Failed to load resource: the server responded with a status of 409")
    sign_in(page, "analyst")
    draft = imported(page, PAYPAL.format(name="Two tabs"))
    page.goto(f"{draft}dataset/")
    other = page.context.new_page()
    other.goto(f"{draft}dataset/")

    page.get_by_label("Dataflow name").fill("Named in the first tab")
    expect_saved(page)
    other.get_by_label("Dataflow name").fill("Named in the second tab")
    other.locator("#id_description").fill("Described in the second tab")
    other.get_by_role("link", name=re.compile("Compare", re.IGNORECASE)).click()

    expect(other.get_by_role("heading", level=1)).to_have_text("Two versions of this step")
    name = other.get_by_role("row").filter(has_text="Named in the first tab")
    name.get_by_role("radio").nth(1).check()
    other.get_by_role("button", name="Save this choice").click()
    expect(other.get_by_label("Dataflow name")).to_have_value("Named in the first tab")
    expect(other.locator("#id_description")).to_have_value("Described in the second tab")


def end_session(context: BrowserContext) -> None:
    """The server no longer knows the session; everything else in the browser stays."""
    context.clear_cookies(name=re.compile("session"))


def sign_in_again(page: Page, opener: str = "Sign in") -> None:
    """In the tab that the link of the message opens."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=opener).first.click()
    tab = opened.value
    tab.get_by_label("Username").fill("analyst")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab).not_to_have_url(re.compile("sign-in"))
    tab.close()


def test_a_session_that_ends_costs_nothing_typed(page: Page, expected_noise: list[str]) -> None:
    expected_noise.append("Failed to load resource: the server responded with a status of 40")
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Time is out"))
    step(page, "dataset")
    end_session(page.context)

    page.locator("#id_description").fill("Typed after the session had ended")
    expect(page.locator("[data-failure]")).to_be_visible()
    sign_in_again(page)
    # Leaving the tab and coming back may have saved it already.
    with suppress(PlaywrightTimeout):
        page.get_by_role("button", name="Try again").click(timeout=3000)

    expect_saved(page)
    expect(page.locator("#id_description")).to_have_value("Typed after the session had ended")
    assert "Typed after the session had ended" in exported(page)


def test_next_after_the_session_has_ended(page: Page, expected_noise: list[str]) -> None:
    """Whoever presses Next before the autosave has spoken loses nothing either."""
    expected_noise.append("Failed to load resource: the server responded with a status of 40")
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Time is out at Next"))
    step(page, "dataset")
    end_session(page.context)

    page.locator("#id_description").fill("Typed, then Next")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("[data-failure]")).to_be_visible()
    expect(page.locator("#id_description")).to_have_value("Typed, then Next")
    sign_in_again(page)
    page.get_by_role("button", name="Next").click()
    expect_step(page, "Mapping")
    assert "Typed, then Next" in exported(page)


def test_finish_pressed_twice_submits_once(page: Page) -> None:
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Pressed twice"))
    step(page, "review")
    expect_passed(page)
    page.get_by_role("button", name="Finish").dblclick()
    expect(page).to_have_url(re.compile(r"/dataflows/\d+/"), timeout=60_000)

    page.goto("/dataflows/?q=Pressed+twice")
    expect(page.get_by_role("link", name="Pressed twice", exact=True)).to_have_count(1)


def test_finish_posted_twice_is_one_submission(page: Page) -> None:
    """Without the page's guard, as two tabs of one Review would do it."""
    sign_in(page, "analyst")
    imported(page, PAYPAL.format(name="Posted twice"))
    step(page, "review")
    expect_passed(page)
    addresses = page.evaluate(
        """() => { const form = document.getElementById("step");
        const body = () => new URLSearchParams([...new FormData(form), ["action", "finish"]]);
        const send = () => fetch(form.dataset.autosave, {method: "POST", body: body()});
        return Promise.all([send(), send()]).then(all => all.map(one => one.url)); }"""
    )

    assert len(addresses) == 2
    assert addresses[0] == addresses[1]
    assert "/submissions/" in addresses[0]


def test_back_leads_through_every_step(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "PayPal", "PayPal EU")
    pick_table(page, "Currencies")
    labels = ["Dataflow detail", "Mapping", "Scheduling", "Review"]
    for label in labels:
        go_on(page, label)
    for label in [*reversed(labels[:-1]), "Add data"]:
        page.go_back()
        expect_step(page, label)
    expect(page.get_by_role("radio", name="Currencies")).to_be_checked()

    page.go_forward()
    expect_step(page, "Dataflow detail")
    page.get_by_label("Dataflow name").fill("Typed after going back")
    expect_saved(page)
    page.go_back()
    expect_step(page, "Add data")
    go_on(page, "Dataflow detail")
    expect(page.get_by_label("Dataflow name")).to_have_value("Typed after going back")
