"""The Add data step: tables, resources, files, columns and rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.wizard.forms.data import matches
from flowsite.wizard.forms.picks import packed
from tests.wizard.conftest import AUTOSAVE, HTMX, text_of

TABLE = "PayPal.Catalog_Products"


def account(accounts: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    row = accounts[name]
    return {"account": {"source": source, "id": row.connection_id, "name": row.name}}


@pytest.fixture
def draft(make_draft, accounts) -> Draft:
    made: Draft = make_draft(**account(accounts, "PayPal EU", "paypal"))
    return made


def step(draft: Draft) -> str:
    return reverse("draft-step", args=[draft.pk, "data"])


def test_tables_come_after_the_page(browser, draft):
    page = text_of(browser.get(step(draft)))
    assert reverse("draft-items", args=[draft.pk]) in page

    items = text_of(browser.get(reverse("draft-items", args=[draft.pk]), headers=HTMX))

    assert f'value="{packed(TABLE)}"'.replace('""', '"&quot;') in items.replace("&quot;", '"') or (
        "Catalog_Products" in items
    )
    assert "<html" not in items


def test_the_search_is_the_servers(browser, draft):
    url = reverse("draft-items", args=[draft.pk])

    found = text_of(browser.get(url, {"q": "catalog PROD"}, headers=HTMX))

    assert "Catalog_Products" in found
    assert "Currencies" not in found
    assert "Nothing matches" in text_of(browser.get(url, {"q": "zzz"}, headers=HTMX))


def test_thousands_of_tables_come_in_windows(browser, draft, monkeypatch):
    from flowsite.wizard import lookups

    many = tuple(lookups.SourceItem(f"t.{n:05d}", f"{n:05d}") for n in range(5000))
    monkeypatch.setattr(lookups.Lookups, "items", lambda *_a, **_k: many)
    url = reverse("draft-items", args=[draft.pk])

    first = text_of(browser.get(url, headers=HTMX))
    second = text_of(browser.get(url, {"offset": 50}, headers=HTMX))

    assert first.count('type="radio"') == 50
    assert "offset=50" in first
    assert "00050" in second
    assert "00049" not in second
    assert len(first) < 30_000


def test_the_chosen_table_stays_in_sight(browser, make_draft, accounts):
    draft = make_draft(**account(accounts, "PayPal EU", "paypal"), data={"table": TABLE})
    url = reverse("draft-items", args=[draft.pk])

    found = text_of(browser.get(url, {"q": "currencies"}, headers=HTMX))

    assert "Catalog_Products" in found
    assert "checked" in found


def test_columns_and_rows_of_what_is_chosen_in_the_form(browser, draft):
    page = text_of(
        browser.post(
            reverse("draft-columns", args=[draft.pk]), {"object": packed(TABLE)}, headers=HTMX
        )
    )

    assert "Product_Id" in page
    assert "date-time" in page
    assert "PROD-" in page
    assert page.count('name="column"') == page.count(" checked")


def test_rows_are_kept_encrypted(browser, draft, emulator):
    from django.db import connection

    browser.post(reverse("draft-columns", args=[draft.pk]), {"object": packed(TABLE)}, headers=HTMX)

    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM core_cache")
        import base64

        kept = b"".join(base64.b64decode(row[0]) for row in cursor.fetchall())
    assert b"Product_Id" in kept
    assert b"PROD-0000" not in kept


def post(browser: Any, draft: Draft, **more: Any) -> dict[str, Any]:
    response = browser.post(step(draft), {"revision": draft.revision, **more}, headers=AUTOSAVE)
    assert response.status_code == 200, response.content
    draft.refresh_from_db()
    found: dict[str, Any] = draft.definition.get("data", {})
    return found


def test_all_ticked_means_all(browser, draft):
    ticked = [packed("a"), packed("b")]

    data = post(browser, draft, object=packed("T"), listed_for=packed("T"), listed=2, column=ticked)

    assert data["columns"] == "all"


def test_some_ticked_are_named_in_order(browser, draft):
    data = post(
        browser,
        draft,
        object=packed("T"),
        listed_for=packed("T"),
        listed=3,
        column=[packed("b"), packed("a"), packed("b")],
    )

    assert data["columns"] == ["b", "a"]


def test_ticks_that_belong_to_another_table_are_not_taken(browser, make_draft, accounts):
    draft = make_draft(
        **account(accounts, "PayPal EU", "paypal"), data={"table": "T", "columns": ["a"]}
    )

    data = post(
        browser, draft, object=packed("U"), listed_for=packed("T"), listed=3, column=[packed("a")]
    )

    assert data["table"] == "U"
    assert data["columns"] == "all"


def test_columns_that_never_arrived_stay_as_they_were(browser, make_draft, accounts):
    draft = make_draft(
        **account(accounts, "PayPal EU", "paypal"), data={"table": "T", "columns": ["a"]}
    )

    assert post(browser, draft, object=packed("T"))["columns"] == ["a"]
    assert post(browser, draft)["columns"] == ["a"]


HOSTILE = [
    "<script>alert(1)</script>",
    'quo"te',
    "line\nbreak",
    "\ttab",
    "emoji 😀",
    " lead",
    "${x}",
]


def test_hostile_names_survive_byte_for_byte(browser, draft):
    table = "a\r\nb<i>'\"&"

    data = post(
        browser,
        draft,
        object=packed(table),
        listed_for=packed(table),
        listed=99,
        column=[packed(name) for name in HOSTILE],
    )

    assert data["table"] == table
    assert data["columns"] == HOSTILE


def test_hostile_columns_never_reach_the_page_unescaped(browser, make_draft, accounts, monkeypatch):
    from flowsite.definitions.columns import Column
    from flowsite.wizard import lookups

    columns = tuple(Column(name=name, path=(name,)) for name in HOSTILE)
    rows = [{name: f"<img src=x>{name}" for name in HOSTILE}]
    found = lookups.Exploration(columns, __import__("datetime").datetime.now())
    monkeypatch.setattr(lookups.Lookups, "explored", lambda *_a, **_k: found)
    monkeypatch.setattr(lookups.Lookups, "explored_at_hand", lambda *_a, **_k: found)
    monkeypatch.setattr(lookups.Lookups, "sample_at_hand", lambda *_a, **_k: rows)
    draft = make_draft(
        **account(accounts, "PayPal EU", "paypal"), data={"table": "<b>T</b>", "columns": HOSTILE}
    )

    page = text_of(browser.get(step(draft)))

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>T</b>" not in page
    assert page.count(" checked") >= len(HOSTILE)


@pytest.mark.parametrize(
    "posted",
    [
        {"object": "not json"},
        {"object": "[1]"},
        {"object": '"\\u0000"'},
        {"object": '"\\ud800"'},
        {"object": packed("x" * 5000)},
        {"column": ["{", "5", "null"], "listed_for": packed("")},
        {"listed": "-1", "listed_for": packed("T"), "object": packed("T")},
    ],
    ids=repr,
)
def test_bad_input_is_no_crash(browser, draft, posted):
    response = browser.post(step(draft), {"revision": 1, **posted})
    fragment = browser.post(reverse("draft-columns", args=[draft.pk]), posted, headers=HTMX)

    assert response.status_code in (302, 422)
    assert fragment.status_code == 200


def test_choices_by_pattern_without_scripts(browser, draft):
    browser.post(reverse("draft-columns", args=[draft.pk]), {"object": packed(TABLE)}, headers=HTMX)
    post(browser, draft, object=packed(TABLE))
    base = {"object": packed(TABLE), "listed_for": packed(TABLE), "listed": 99}

    data = post(browser, draft, **base, action="pick-pattern", pattern="*_TIME, product_id")

    assert set(data["columns"]) == {"Product_Id", "Create_Time", "Update_Time"} & set(
        data["columns"]
    )
    assert "Product_Id" in data["columns"]
    assert "Product_Name" not in data["columns"]
    assert post(browser, draft, **base, action="pick-none")["columns"] == []


@pytest.mark.parametrize(
    ("name", "pattern", "hit"),
    [("Product_Id", "*_id", True), ("Id", "*_id", False), ("a.b", "a?b", True), ("x", "[x]", True)],
)
def test_patterns(name, pattern, hit):
    assert matches(name, [pattern]) is hit


def test_refreshing_shows_what_changed_and_keeps_the_choice(browser, make_draft, accounts):
    from dataclasses import replace

    from django.core.cache import cache

    from flowsite.definitions.columns import Column
    from flowsite.drafts.selectors import definition_of
    from flowsite.wizard.lookups import Lookups, _object_key

    draft = make_draft(
        **account(accounts, "PayPal EU", "paypal"), data={"table": TABLE, "columns": ["Old"]}
    )
    definition, lookups = definition_of(draft), Lookups.of_draft(draft)
    found = lookups.explored(definition.account, definition.data)
    before = replace(
        found, columns=(*[c for c in found.columns if c.name != "Product_Id"], Column(name="Old"))
    )
    key = lookups._key("columns", _object_key(definition.account, definition.data))
    cache.set(key, before, 60)

    page = text_of(
        browser.post(
            reverse("draft-columns", args=[draft.pk]) + "?refresh=1",
            {
                "object": packed(TABLE),
                "listed_for": packed(TABLE),
                "listed": 5,
                "column": [packed("Old")],
            },
            headers=HTMX,
        )
    )

    assert "The source has changed" in page
    assert "New: Product_Id" in page
    assert "Gone: Old" in page
    assert page.count(" checked") == 1


def test_a_slow_or_failing_source_is_said(browser, draft, break_call):
    body = {
        "type": "https://ns.adobe.com/aep/errors/CONNECTOR-1308-500",
        "status": 500,
        "report": {"detailed-message": "The provider is asleep", "request-id": "r-9"},
    }
    break_call("GET", "/explore$", kind="status", status=500, body=body, times=9)

    page = text_of(browser.get(reverse("draft-items", args=[draft.pk]), headers=HTMX))

    assert "The account could not be read" in page
    assert "The provider is asleep" in page
    assert "CONNECTOR-1308" in page
    assert "r-9" in page
    assert "Try again" in page


def test_without_an_account_it_says_so(browser, make_draft, emulator):
    draft = make_draft(account={"source": "paypal"})

    page = text_of(browser.get(reverse("draft-items", args=[draft.pk]), headers=HTMX))

    assert "Choose an account first" in page


def test_a_fragment_without_scripts_is_a_page(browser, draft):
    page = text_of(browser.get(reverse("draft-items", args=[draft.pk])))

    assert "<html" in page
    assert "Catalog_Products" in page


# --- REST and files ------------------------------------------------------------------------------


def test_rest_resources_are_the_specs(browser, make_draft, accounts):
    draft = make_draft(**account(accounts, "Stripe Live", "stripe"))

    page = text_of(browser.get(reverse("draft-items", args=[draft.pk]), headers=HTMX))
    data = post(browser, draft, object=packed("charges"))

    assert "balance_transactions" in page
    assert data == {"resource": "charges", "columns": "all", "folder": False}
    columns = text_of(browser.post(reverse("draft-columns", args=[draft.pk]), headers=HTMX))
    assert "data.id" in columns


def test_rest_parameters_are_kept(browser, make_draft, accounts):
    draft = make_draft(account={"source": "generic-rest", "id": "a", "name": "A"})

    data = post(
        browser,
        draft,
        resource=" v1/orders ",
        has_params=1,
        **{"param-listId": " 12 ", "param-empty": ""},
    )

    assert data["resource"] == "v1/orders"
    assert data["params"] == {"listId": "12"}


def test_files_have_folder_format_and_delimiter(browser, make_draft):
    draft = make_draft(account={"source": "s3", "id": "a", "name": "A"})
    folder = packed("/in/2026")

    data = post(
        browser,
        draft,
        object=folder,
        folder=folder,
        file_type="delimited",
        column_delimiter="tab",
        compression="gzip",
    )

    assert data == {
        "path": "/in/2026",
        "folder": True,
        "file_type": "delimited",
        "column_delimiter": "\t",
        "compression": "gzip",
        "columns": "all",
    }
    assert post(browser, draft, object=packed("/in/a.csv"), folder=folder)["folder"] is False


def test_a_page_never_carries_what_json_would_not(browser, draft):
    assert json.loads(packed("a\n\u2028é")) == "a\n\u2028é"
    assert packed("a\né").isascii()
