"""One dataflow of each kind of source, by hand from the catalogue to its page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import begin, expect_saved, finish, go_on, new_dataset, pick_table, sign_in

pytestmark = pytest.mark.browser


def test_square_into_an_existing_dataset(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "Square", "Square Stores")
    pick_table(page, "payments")
    go_on(page, "Dataflow detail")

    page.get_by_label("Dataflow name").fill("Square payments by hand")
    page.get_by_label("Existing dataset").check()
    page.get_by_label("Advanced search").or_(page.get_by_label("Search datasets")).fill("square")
    page.get_by_role("radio", name="Square payments").check()
    page.get_by_text("Fields of its schema").click()
    expect(page.locator("#schema-tree")).to_be_visible()
    go_on(page, "Mapping")

    expect(page.get_by_role("heading", name="Suggestions")).to_be_visible()
    page.get_by_role("button", name="Accept amount_money_amount").click()
    expect_saved(page)
    page.get_by_role("button", name="Validate").click()
    expect(page.locator("#verdict .alert")).to_be_visible()
    go_on(page, "Scheduling")

    page.get_by_label("Frequency").select_option("Day")
    page.get_by_label(re.compile("Load incremental")).select_option("updated_at")
    go_on(page, "Review")
    expect(page.get_by_text("Exists and is used")).to_be_visible()
    finish(page)


def test_stripe_by_rest_with_nested_columns(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "Stripe", "Stripe Live")
    page.get_by_role("radio", name=re.compile("charges")).check()
    expect(page.get_by_text("billing_details.email").first).to_be_visible()
    go_on(page, "Dataflow detail")
    new_dataset(page, "Stripe charges by hand")
    expect(page.locator("#proposal tbody tr").first).to_be_visible()
    go_on(page, "Mapping")
    expect(page.locator("#map-rows > li").nth(3)).to_be_visible()
    go_on(page, "Scheduling")
    page.get_by_label("Frequency").select_option("Hour")
    expect(page.get_by_text("there is no column to choose")).to_be_visible()
    go_on(page, "Review")
    finish(page)


def test_a_file_out_of_a_folder(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "Amazon S3", "Exports Bucket")
    page.get_by_role("button", name="exports").click()
    page.get_by_role("radio", name="contacts.csv").check()
    expect(page.get_by_label("Format")).to_have_value("delimited")
    expect(page.locator("#columns-table tbody tr").first).to_be_visible()
    go_on(page, "Dataflow detail")
    new_dataset(page, "Contacts of a file by hand")
    expect(page.locator("#proposal tbody tr").first).to_be_visible()
    go_on(page, "Mapping")
    expect(page.locator("#map-rows > li").nth(2)).to_be_visible()
    go_on(page, "Scheduling")
    page.get_by_label("Frequency").select_option("Week")
    expect(page.get_by_text("recognised by the time they were modified")).to_be_visible()
    go_on(page, "Review")
    finish(page)


def test_once_without_a_column_to_load_by(page: Page) -> None:
    sign_in(page, "analyst")
    begin(page, "PayPal", "PayPal EU")
    pick_table(page, "Currencies")
    go_on(page, "Dataflow detail")
    new_dataset(page, "Currencies once by hand")
    expect(page.locator("#proposal tbody tr").first).to_be_visible()
    go_on(page, "Mapping")
    go_on(page, "Scheduling")
    page.get_by_label("Frequency").select_option("Once")
    expect(page.get_by_label("Interval")).to_be_hidden()
    expect(page.get_by_text("reads everything once")).to_be_visible()
    go_on(page, "Review")
    finish(page)
    expect(page.get_by_text("Once").first).to_be_visible()
