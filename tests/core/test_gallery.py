"""The components in a real browser: accessible, inside the window, and what the scripts do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: What a browser and htmx write when a test lets a request fail.
EXPECTED = ("Failed to load resource", "Response Status Error", "htmx:")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop makes Django believe that the test is asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_gallery(browser: Browser, live_server: Any) -> Iterator[Any]:
    """Opens the gallery in a window of its own; complaints of the console fail the test."""
    contexts, complaints = [], []

    def open_it(query: str = "", **options: Any) -> Page:
        options.setdefault("timezone_id", "Europe/Stockholm")
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: _note(line, complaints))
        page.goto(f"{live_server.url}/gallery/{query}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def _note(line: Any, complaints: list[str]) -> None:
    if line.type == "error" and not line.text.startswith(EXPECTED):
        complaints.append(line.text)


def answer(status: int = 200, **body: Any) -> Any:
    """A handler that answers a request in the server's place."""
    return lambda route: route.fulfill(
        status=status, content_type="application/json", body=json.dumps(body)
    )


def on_post(page: Page, handler: Any) -> None:
    """Routes the gallery's form posts to the handler, everything else to the server."""

    def choose(route: Route) -> None:
        if route.request.method == "POST":
            handler(route)
        else:
            route.continue_()

    page.unroute_all()
    page.route("**/gallery/", choose)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_gallery, scheme, width):
    page = open_gallery(color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(page.locator("#tables")).to_have_text("3 tables")

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]

    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_no_width_scrolls_sideways(open_gallery):
    page = open_gallery()
    too_wide = []

    for width in (320, 360, 600, 768, 960, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(width)

    assert too_wide == []


def test_a_change_is_saved_by_itself(open_gallery):
    page = open_gallery()

    page.get_by_label("Dataflow name").first.fill("Orders")

    expect(page.locator(".form-foot [data-saved]")).to_have_text("Saved")
    assert page.locator("input[name=revision]").input_value() == "2"


def test_a_failed_save_is_said_and_tried_again(open_gallery):
    page = open_gallery()
    on_post(page, answer(503, message="The database is away."))
    page.get_by_label("Dataflow name").first.fill("Orders")
    expect(page.locator(".form-foot [data-saved]")).to_have_text("Not saved")
    expect(page.locator("[data-failure]")).to_contain_text("The database is away.")

    page.unroute_all()
    page.locator("[data-failure]").get_by_role("button", name="Try again").click()

    expect(page.locator(".form-foot [data-saved]")).to_have_text("Saved")
    expect(page.locator("[data-failure]")).to_have_count(0)


def test_an_ended_session_keeps_what_was_typed(open_gallery):
    page = open_gallery()
    on_post(page, answer(401))

    page.get_by_label("Dataflow name").first.fill("Orders")

    link = page.get_by_role("link", name="Sign in in a new tab")
    expect(link).to_have_attribute("href", re.compile(r"^/sign-in/\?next=%2Fgallery%2F$"))
    assert page.get_by_label("Dataflow name").first.input_value() == "Orders"


def test_somebody_else_saved(open_gallery):
    page = open_gallery()
    on_post(page, answer(409, url="/compare"))

    page.get_by_label("Dataflow name").first.fill("Orders")

    expect(page.get_by_role("link", name="Compare")).to_have_attribute("href", "/compare")


def test_secrets_are_not_autosaved(open_gallery):
    page = open_gallery()
    page.get_by_label("Client secret").first.fill("hush")

    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_label("Dataflow name").first.fill("Orders")

    assert "hush" not in sent.value.post_data
    assert "Orders" in sent.value.post_data


def test_a_link_waits_for_the_save(open_gallery):
    page = open_gallery()
    page.get_by_label("Dataflow name").first.fill("Orders")

    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("link", name="Production frame").click()

    assert "Orders" in sent.value.post_data
    page.wait_for_url("**/gallery/?production")


def test_a_form_is_sent_once(open_gallery):
    page = open_gallery()
    sent = []
    on_post(page, lambda route: (sent.append(route), route.fulfill(status=204)))
    page.locator("#id_frequency").select_option("hour")
    page.get_by_label("Interval").first.fill("3")

    page.get_by_role("button", name="Save as draft").dblclick()

    expect(page.locator(".form-foot .btn")).to_have_class("btn is-busy")
    for _ in range(50):
        page.wait_for_timeout(50)
        if len(sent) > 1:
            break
    page.wait_for_timeout(300)
    # What was typed is saved first; the form itself goes once.
    assert [route.request.header_value("X-Autosave") for route in sent] == ["1", None]


def test_a_part_that_fails_can_be_asked_for_again(open_gallery):
    page = open_gallery()
    page.route(
        "**/gallery/?part",
        lambda route: route.fulfill(status=502, content_type="text/plain", body="AEP is slow."),
    )
    page.reload()
    expect(page.locator("#tables")).to_contain_text("AEP is slow.")

    page.unroute_all()
    page.locator("#tables").get_by_role("button", name="Try again").click()

    expect(page.locator("#tables")).to_have_text("3 tables")
    expect(page.locator("#live")).to_have_text("3 tables")


def test_a_request_that_fails_is_said_once_and_tried_again(open_gallery):
    page = open_gallery()
    box = page.locator('#messages [data-failure="htmx"]')
    page.route("**/gallery/?q=*", lambda route: route.abort())
    page.get_by_label("Ask the server").fill("a")
    expect(box).to_have_count(1)
    page.get_by_label("Ask the server").fill("ab")
    expect(box).to_contain_text("The server could not be reached.")

    page.unroute_all()
    box.get_by_role("button", name="Try again").click()

    expect(page.locator("#answer")).to_have_text("You asked for ab")
    expect(box).to_have_count(0)


def test_a_part_can_be_cancelled(open_gallery):
    page = open_gallery()
    page.route("**/gallery/?part", lambda route: None)
    page.reload()

    page.locator("#tables").get_by_role("button", name="Cancel").click()

    expect(page.locator("#tables")).to_contain_text("Cancelled.")
    expect(page.locator("#tables").get_by_role("button", name="Try again")).to_be_focused()


def test_filter_and_select_all_meet(open_gallery):
    page = open_gallery()
    page.get_by_label("Filter dataflows").fill("products 3")
    expect(page.locator('[data-filter-count="#flows"]')).to_have_text("1 shown")

    page.get_by_label("Select all shown").check()

    expect(page.locator('[data-select-count="#flows"]')).to_have_text("1 / 6 selected")
    expect(page.get_by_label("Select PayPal products 3")).to_be_checked()


def test_the_filter_reads_what_is_typed_into_rows(open_gallery):
    page = open_gallery()

    page.get_by_label("Filter mappings").fill("concat fullname")

    expect(page.locator('[data-filter-count="#rows"]')).to_have_text("1 shown")


def test_arrow_keys_walk_along_the_last_runs(open_gallery):
    page = open_gallery()
    newest = page.locator("#flows .strip").first.locator("a").last
    newest.focus()

    page.keyboard.press("ArrowLeft")

    expect(page.locator("#tip")).to_have_text("Success, 12:00 UTC, 1,204 records")
    assert newest.get_attribute("tabindex") == "-1"


def test_a_tooltip_says_what_a_mark_means(open_gallery):
    page = open_gallery()
    failed = page.locator("#flows .mark-failed").first

    failed.hover()

    expect(page.locator("#tip")).to_have_text("Failed, 12:00 UTC, 1,204 records")
    expect(failed).to_have_accessible_name("Failed, 12:00 UTC, 1,204 records")


def test_times_are_said_in_the_viewers_zone_too(open_gallery):
    page = open_gallery()

    expect(page.locator("#flows tbody tr").first).to_contain_text(
        "2026-11-24 12:00 UTC 13:00 GMT+1"
    )


def test_a_choice_shows_its_fields(open_gallery):
    page = open_gallery()
    interval = page.locator("#id_interval")
    expect(interval).to_be_hidden()

    page.locator("#id_frequency").select_option("hour")

    expect(interval).to_be_visible()


def test_a_dialog_opens_from_a_link_and_closes(open_gallery):
    page = open_gallery()
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete PayPal products?")
    expect(dialog).to_be_visible()

    dialog.get_by_role("button", name="Cancel").click()

    expect(dialog).to_be_hidden()


def test_a_menu_closes_on_escape(open_gallery):
    page = open_gallery()
    menu = page.locator("details.user")
    menu.locator("summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_a_menu_in_a_table_is_not_cut_off(open_gallery):
    page = open_gallery()

    page.get_by_label("Actions for PayPal products 6").click()
    page.get_by_role("link", name="Run on-demand").last.click()

    expect(page.get_by_label("Actions for PayPal products 6")).to_be_visible()


def test_without_scripts_everything_is_there(open_gallery):
    page = open_gallery(java_script_enabled=False)

    expect(page.locator("#id_interval")).to_be_visible()
    expect(page.locator("#tables").get_by_role("link", name="Show")).to_be_visible()
    expect(page.locator("#tables").get_by_role("button", name="Cancel")).to_be_hidden()


def test_phones_have_the_navigation_in_a_menu(open_gallery):
    page = open_gallery(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    link = page.get_by_role("link", name="Catalog", exact=True)
    expect(link).to_be_hidden()

    page.locator(".nav-menu summary").click()

    expect(link).to_be_visible()
