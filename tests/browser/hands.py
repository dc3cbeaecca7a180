"""What every journey does: sign in, go to the next step, import a draft, finish."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

PASSWORD = "flowsite-demo"

#: A PayPal dataflow that only has to be submitted. ``{name}`` is filled in.
PAYPAL = """\
version: 1
name: {name}
account: {{source: paypal, name: PayPal EU}}
data: {{table: PayPal.Catalog_Products, columns: all}}
dataset: {{new: {{name: {name}, schema: {{propose: profile}}}}}}
mapping: suggested
schedule:
  {{frequency: hour, interval: 1, start: 2030-01-01T00:00:00Z, load_incremental_by: Create_Time}}
"""


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("sign-in"))


def begin(page: Page, source: str, account: str) -> None:
    """From the catalogue to Add data of a draft."""
    page.goto("/sources/")
    page.get_by_label("Search sources").fill(source)
    page.get_by_role("button", name=re.compile(source)).first.click()
    page.get_by_role("radio", name=re.compile(account)).check()
    go_on(page, "Add data")


def pick_table(page: Page, name: str) -> None:
    """Searches for a table, which may be one of many, and chooses it."""
    page.get_by_label("Search tables").fill(name)
    page.get_by_role("radio", name=name, exact=True).check()
    expect(page.locator("#columns-table tbody tr").first).to_be_visible()


def go_on(page: Page, to: str) -> None:
    page.get_by_role("button", name="Next").click()
    expect_step(page, to)


def expect_step(page: Page, label: str) -> None:
    expect(page.locator("[aria-current=step]")).to_contain_text(label)


def step(page: Page, name: str) -> None:
    """Opens another step of the draft that is shown."""
    page.goto(re.sub(r"/drafts/(\d+)/.*", rf"/drafts/\1/{name}/", page.url))


def imported(page: Page, text: str) -> str:
    """Makes a draft of a dataflow file and returns its address without the step."""
    page.goto("/drafts/import/")
    page.get_by_label("or paste its text").fill(text)
    page.get_by_role("button", name="Import").click()
    expect(page).to_have_url(re.compile(r"/drafts/\d+/\w+/"))
    return re.sub(r"\w+/(\?.*)?$", "", page.url)


def expect_saved(page: Page) -> None:
    expect(page.locator("[data-saved]").first).to_have_attribute("data-state", "saved")


def new_dataset(page: Page, name: str) -> None:
    """Dataflow detail with a schema proposed from the columns."""
    page.get_by_label("Dataflow name").fill(name)
    page.get_by_label("New dataset").check()
    page.get_by_label("Output dataset name").fill(name)
    page.get_by_label("Propose from the columns").check()


def expect_passed(page: Page) -> None:
    """Preflight has spoken, and nothing blocks."""
    verdict = page.locator("#findings [data-announce]")
    expect(verdict).to_contain_text(re.compile("nothing speaks against it|nothing blocks"))


def finish(page: Page) -> None:
    """Review to the page of the dataflow."""
    expect_passed(page)
    page.get_by_role("button", name="Finish").click()
    expect(page).to_have_url(re.compile(r"/dataflows/\d+/"), timeout=60_000)


def exported(page: Page) -> str:
    """The draft that is shown, as its file."""
    number = re.search(r"/drafts/(\d+)/", page.url)
    assert number
    return page.request.get(f"/drafts/{number[1]}/export/").text()


def packed(name: str) -> str:
    """The ``value`` of a choice that carries a name from outside."""
    return json.dumps(name, separators=(",", ":"))
