"""No violation of WCAG 2.2 A and AA on any page, in light and dark, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import Orders
from tests.browser.hands import imported, packed, sign_in

pytestmark = pytest.mark.browser

STEPS = ("account", "data", "dataset", "mapping", "schedule", "review")
PAGES = {
    "analyst": [
        "/",
        "/sources/",
        "/sources/?q=nothing-is-called-so",
        "/accounts/",
        "/drafts/",
        "/drafts/?q=nothing-is-called-so",
        "/drafts/import/",
        "/profile/",
        "/dataflows/",
        "/no-such-page/",
        "/credentials/",
    ],
    "ops": [
        "/monitoring/",
        "/monitoring/?q=nothing",
        "/monitoring/runs/",
        "/monitoring/work-queue/",
        "/alerts/",
        "/alerts/rules/",
        "/alerts/deliveries/",
    ],
    "admin": [
        "/credentials/",
        "/credentials/new/",
        "/people/",
        "/people/new/",
        "/people/teams/",
        "/audit/",
        "/health/",
        "/gallery/",
    ],
}
#: One draft of each kind of source; the hostile one has long names and markup everywhere.
DRAFTS = {
    "tabular": """
version: 1
name: Looked at
account: {source: paypal, name: PayPal EU}
data: {table: PayPal.Transactions}
dataset: {new: {name: Looked at, schema: {propose: event}}}
mapping: suggested
schedule: {frequency: minute, interval: 15, start: 2030-01-01T00:00:00Z}
""",
    "rest": """
version: 1
name: Looked at by REST
account: {source: stripe, name: Stripe Live}
data: {resource: charges}
dataset: {existing: {name: Stripe charges}}
mapping: [{source: data.id, target: _id}, {source: gone, target: nowhere.at_all}]
schedule: {frequency: hour, interval: 1, start: 2030-01-01T00:00:00Z}
""",
    "file": """
version: 1
name: Looked at in a file
account: {source: s3, name: Exports Bucket}
data: {path: /exports/contacts.csv, file_type: delimited, column_delimiter: ","}
dataset: {new: {name: Of a file, schema: {propose: profile}, profile_enabled: true}}
schedule: {frequency: once, start: 2030-01-01T00:00:00Z}
""",
    "hostile": f"""
version: 1
name: {packed("<b>" + "W" * 150 + "</b>")}
description: {packed("d" * 400)}
account: {{source: paypal, name: PayPal EU}}
data: {{table: {packed("hostile.<b>odd & 'quoted'</b>")}}}
dataset: {{new: {{name: {packed("n" * 200)}, schema: {{propose: profile}}}}}}
mapping: suggested
schedule: {{frequency: hour, interval: 1, start: 2020-01-01T00:00:00Z}}
""",
    "empty": """
version: 1
name: Nothing yet
account: {source: paypal}
""",
}


@pytest.fixture(params=["light-1440", "dark-390"])
def look(request: pytest.FixtureRequest, chromium: Browser, site: str) -> Iterator[Page]:
    scheme, width = request.param.split("-")
    context = chromium.new_context(
        base_url=site,
        viewport={"width": int(width), "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,  # axe itself would be stopped
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def settle(page: Page) -> None:
    """Everything that is fetched after the page is there."""
    expect(page.locator("[aria-busy=true]:visible")).to_have_count(0)
    page.evaluate(
        "() => Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)))"
    )


class Report:
    """What was found where; looked at as a whole."""

    def __init__(self, page: Page) -> None:
        self.page, self.found = page, []

    def look(self, name: str) -> None:
        settle(self.page)
        size = self.page.viewport_size or {"width": 0, "height": 0}
        self._unroll(size["width"])
        self.found += [f"{name}: {line}" for line in violations(self.page)]
        wide = self.page.locator("html").evaluate("html => html.scrollWidth - innerWidth")
        self.page.set_viewport_size(size)
        if wide > 0:
            self.found.append(f"{name}: {wide} px wider than the window")

    def _unroll(self, width: int) -> None:
        """At its full height the foot of a form, which sticks to the window, covers nothing."""
        shown = 900
        for _ in range(5):  # long lists fill a taller window with more of them
            height = self.page.locator("html").evaluate("html => html.scrollHeight")
            if height <= shown or shown == 9000:
                return
            shown = min(height, 9000)
            self.page.set_viewport_size({"width": width, "height": shown})
            settle(self.page)

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.look(address)


@pytest.mark.parametrize("role", PAGES)
def test_every_page(look: Page, role: str) -> None:
    report = Report(look)
    report.open("/sign-in/")
    look.get_by_label("Username").fill(role)
    look.get_by_label("Password").fill("wrong")
    look.get_by_role("button", name="Sign in").click()
    report.look("sign-in, refused")
    sign_in(look, role)
    for address in PAGES[role]:
        report.open(address)
    if role == "ops":
        look.goto("/monitoring/")
        look.get_by_role("link", name=re.compile("PayPal products")).first.click()
        report.look("dataflow")
        look.goto("/monitoring/runs/")
        look.locator("main a[href^='/runs/']").first.click()
        report.look("run")
    if role == "admin":
        for address, rows in (("/credentials/", "credentials"), ("/people/", "people")):
            look.goto(address)
            look.locator(f"main a[href^='/{rows}/']:not([href$='/new/'])").first.click()
            report.look(f"one of {rows}")
    assert report.found == []


@pytest.mark.parametrize("kind", DRAFTS)
def test_every_step(look: Page, kind: str) -> None:
    sign_in(look, "analyst")
    draft = imported(look, DRAFTS[kind])
    report = Report(look)
    for step in STEPS:
        report.open(f"{draft}{step}/")
    report.open(f"{draft}rename/")
    if kind == "tabular":
        report.open(f"{draft}bulk/")
    assert report.found == []


@pytest.mark.parametrize("source", ["paypal", "stripe", "s3", "salesforce"])
def test_every_form_of_an_account(look: Page, source: str) -> None:
    sign_in(look, "analyst")
    report = Report(look)
    report.open(f"/accounts/new/{source}/")
    look.locator("main form button.btn-primary").click()
    report.look(f"{source}, refused")
    look.goto("/accounts/")
    settle(look)
    look.locator("main th a").first.click()
    report.look("an account")
    assert report.found == []


def test_dialogs_and_what_is_opened(look: Page) -> None:
    sign_in(look, "analyst")
    draft = imported(look, DRAFTS["rest"])
    report = Report(look)
    report.open(f"{draft}mapping/")
    look.locator("#map-rows .fx").first.click()
    look.get_by_text("Functions", exact=True).click()
    report.look("calculated field")
    look.keyboard.press("Escape")
    look.get_by_role("button", name="Validate").click()
    expect(look.locator("#verdict .alert")).to_be_visible()
    look.get_by_role("button", name="Preview data").click()
    expect(look.get_by_role("heading", name="Preview")).to_be_visible()
    look.get_by_text("Import and export").click()
    report.look("verdict and preview")
    look.get_by_role("button", name="Clear all").click()
    report.look("question")
    look.locator("#confirm").get_by_role("button").first.click()
    look.goto(f"{draft}dataset/")
    look.get_by_text("Fields of its schema").click()
    report.look("tree")
    look.locator("details.menu summary:visible").last.click()
    report.look("menu")
    assert report.found == []


def test_failures_of_aep(look: Page, aep: Orders) -> None:
    sign_in(look, "analyst")
    draft = imported(look, DRAFTS["empty"])
    look.goto(f"{draft}account/")
    look.get_by_role("radio").first.check()
    look.get_by_role("button", name="Next").click()
    aep.fault("status", "/explore", status=403, body={"message": "No permission"})
    report = Report(look)
    look.get_by_role("button", name="Refresh").or_(look.get_by_text("Try again")).first.click()
    expect(look.locator("#items [role=alert]")).to_be_visible()
    report.look("explore refused")
    assert report.found == []
