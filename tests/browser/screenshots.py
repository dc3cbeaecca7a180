"""``make screenshots``: a picture of every page into docs/images, from a fresh demo.

``PICTURES`` names the page of the URL configuration that each picture shows; ``EXEMPT`` the pages
without one. ``tests/docs/test_pictures.py`` holds both against the URLs and the files.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, running_demo
from tests.browser.hands import PAYPAL, expect_passed, finish, imported, sign_in

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
QUALITY: Final = 62
DRAFT: Final = PAYPAL.format(name="PayPal products")


class Picture(NamedTuple):
    """``address`` may name ``{draft}``, ``{dataflow}``, …: addresses that the tour has found."""

    page: str
    file: str
    role: str
    address: str
    look: str = "light-1440"


PICTURES: Final = (
    Picture("sign-in", "sign-in", "", "/sign-in/"),
    Picture("catalog", "catalog", "analyst", "/sources/"),
    Picture("catalog", "catalog-narrow", "analyst", "/sources/", "dark-390"),
    Picture("accounts", "accounts", "analyst", "/accounts/"),
    Picture("account-new", "account-new", "analyst", "/accounts/new/s3/"),
    Picture("account-detail", "account", "analyst", "{account}"),
    Picture("drafts", "drafts", "analyst", "/drafts/"),
    Picture("draft-import", "draft-import", "analyst", "/drafts/import/"),
    Picture("draft-rename", "draft-rename", "analyst", "{draft}rename/"),
    *(
        Picture("draft-step", f"step-{step}", "analyst", f"{{draft}}{step}/")
        for step in ("account", "data", "dataset", "mapping", "schedule", "review")
    ),
    Picture("draft-step", "step-mapping-narrow", "analyst", "{draft}mapping/", "dark-390"),
    Picture("draft-bulk", "bulk", "analyst", "{draft}bulk/"),
    Picture("submission", "submission", "analyst", "{submission}"),
    Picture("dataflows", "dataflows", "analyst", "/dataflows/"),
    Picture("dataflow", "dataflow", "ops", "{dataflow}"),
    Picture("dataflow-mapping", "dataflow-mapping", "analyst", "{own}mapping/"),
    Picture("board", "board", "ops", "/monitoring/"),
    Picture("board", "board-narrow", "ops", "/monitoring/", "dark-390"),
    Picture("runs", "runs", "ops", "/monitoring/runs/"),
    Picture("run", "run", "ops", "{run}"),
    Picture("work", "work-queue", "ops", "/monitoring/work-queue/"),
    Picture("alerts", "alerts", "ops", "/alerts/"),
    Picture("rules", "alert-rules", "ops", "/alerts/rules/"),
    Picture("channels", "alert-channels", "admin", "/alerts/channels/"),
    Picture("account-health", "account-health", "ops", "/account-health/"),
    Picture("profile", "profile", "analyst", "/profile/"),
    Picture("credentials", "credentials", "admin", "/credentials/"),
    Picture("credential-new", "credential-new", "admin", "/credentials/new/"),
    Picture("credential", "credential", "admin", "{credential}"),
    Picture("people", "people", "admin", "/people/"),
    Picture("person-new", "person-new", "admin", "/people/new/"),
    Picture("person", "person", "admin", "{person}"),
    Picture("teams", "teams", "admin", "/people/teams/"),
    Picture("team", "team", "admin", "{team}"),
    Picture("audit", "audit", "admin", "/audit/"),
    Picture("health", "health", "admin", "/health/"),
)


def settle(page: Page) -> None:
    expect(page.locator("[aria-busy=true]:visible")).to_have_count(0, timeout=30_000)


def first(page: Page, of: str, links: str, but: str = "/new/") -> str:
    """The address of the first link on page ``of`` that begins so."""
    page.goto(of)
    settle(page)
    found = page.locator(f"main a[href^='{links}']:not([href='{links}']):not([href$='{but}'])")
    return found.first.get_attribute("href") or of


def tour(page: Page) -> dict[str, str]:
    """Makes what there is to see, and finds its addresses."""
    sign_in(page, "analyst")
    submitted = imported(page, DRAFT.replace("name: PayPal products", "name: Products hourly"))
    page.goto(f"{submitted}review/")
    expect_passed(page)
    finish(page)
    places = {"own": re.sub(r"\?.*", "", page.url)}
    places["draft"] = imported(page, DRAFT)
    places["submission"] = first(page, "/drafts/", "/submissions/")
    places["account"] = first(page, "/accounts/", "/accounts/")
    page.context.clear_cookies()
    sign_in(page, "admin")
    page.goto("/monitoring/?q=transactions")
    page.get_by_role("link", name="PayPal transactions").click()
    places["dataflow"] = page.url
    places["run"] = first(page, "/monitoring/runs/", "/runs/")
    places["credential"] = first(page, "/credentials/", "/credentials/")
    places["person"] = first(page, "/people/", "/people/", "teams/")
    places["team"] = first(page, "/people/teams/", "/people/teams/")
    page.context.clear_cookies()
    return places


def take(page: Page, picture: Picture, places: dict[str, str]) -> None:
    scheme, width = picture.look.split("-")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": int(width), "height": 900 if int(width) > 1000 else 800})
    page.goto(picture.address.format(**places))
    settle(page)
    path = IMAGES / f"{picture.file}.jpg"
    page.screenshot(path=path, type="jpeg", quality=QUALITY, animations="disabled")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="flowsite-pictures-") as data,
        running_demo(Path(data)) as (site, _),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_context(base_url=site).new_page()
        page.set_default_timeout(30_000)
        places = tour(page)
        role = ""
        for picture in PICTURES:
            if picture.role != role:
                page.context.clear_cookies()
                role = picture.role
                sign_in(page, role)
            take(page, picture, places)
            print(picture.file)  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main()
