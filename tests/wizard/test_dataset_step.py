"""The Dataflow detail step: names, target, schema, error handling."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from flowsite.definitions.model import Data, PartialDefinition
from flowsite.definitions.sources import source_by_slug
from flowsite.drafts.models import Draft
from flowsite.wizard.forms.dataset import DatasetForm, proposed_name
from flowsite.wizard.forms.picks import packed
from tests.wizard.conftest import AUTOSAVE, HTMX, text_of

ON = {"error_diagnostics": "on"}


def step(draft: Draft) -> str:
    return reverse("draft-step", args=[draft.pk, "dataset"])


@pytest.fixture
def draft(make_draft, paypal) -> Draft:
    made: Draft = make_draft(**paypal(name=None, dataset=None, mapping=None, schedule=None))
    return made


def post(browser: Any, draft: Draft, **more: Any) -> dict[str, Any]:
    response = browser.post(step(draft), {"revision": draft.revision, **more}, headers=AUTOSAVE)
    assert response.status_code == 200, response.content
    draft.refresh_from_db()
    return draft.definition


def test_names_are_proposed_before_the_first_save(browser, draft):
    page = text_of(browser.get(step(draft)))

    assert 'name="name" value="PayPal catalog products"' in page
    assert 'name="dataset_name" value="PayPal catalog products"' in page
    assert "name" not in Draft.objects.get().definition


@pytest.mark.parametrize(
    ("slug", "data", "expected"),
    [
        ("paypal", {"table": "PayPal.Catalog_Products"}, "PayPal catalog products"),
        ("stripe", {"resource": "charges"}, "Stripe charges"),
        ("s3", {"path": "/in/2026/orders-eu.csv"}, "Amazon S3 orders eu"),
        ("paypal", {}, ""),
        ("paypal", {"table": "日本"}, "PayPal field"),
    ],
)
def test_proposed_names(slug, data, expected):
    assert proposed_name(source_by_slug(slug), Data.model_validate(data)) == expected


def test_a_new_dataset_with_a_proposed_schema(browser, draft):
    saved = post(
        browser,
        draft,
        name="Orders",
        into="new",
        dataset_name="Orders out",
        schema_from="propose",
        propose="event",
        schema_title="Orders schema",
        identity_column="Product_Id",
        identity_namespace="ProductID",
        profile_enabled="on",
        partial="on",
        percent="7.5",
        **ON,
    )

    assert saved["name"] == "Orders"
    assert saved["dataset"] == {
        "new": {
            "name": "Orders out",
            "schema": {
                "propose": "event",
                "title": "Orders schema",
                "identity": {"column": "Product_Id", "namespace": "ProductID"},
            },
            "profile_enabled": True,
        }
    }
    assert saved["options"] == {"error_diagnostics": True, "partial_ingestion_percent": 7.5}


def test_existing_dataset_and_schema_keep_id_and_name(browser, draft):
    pick = packed({"id": "d-1", "name": "Orders <1>"})

    saved = post(browser, draft, name="N", into="existing", dataset_pick=pick)
    assert saved["dataset"] == {"existing": {"id": "d-1", "name": "Orders <1>"}}
    page = text_of(browser.get(step(draft)))
    assert "Orders &lt;1&gt;" in page

    pick = packed({"id": "https://ns.adobe.com/acme/schemas/1", "name": "S"})
    saved = post(
        browser, draft, name="N", into="new", schema_from="existing", schema_pick=pick, **ON
    )
    assert saved["dataset"]["new"]["schema"] == {
        "id": "https://ns.adobe.com/acme/schemas/1",
        "title": "S",
    }


def test_half_filled_is_saved_and_listed(browser, draft):
    saved = post(browser, draft, name="", into="existing")

    assert saved["dataset"] == {"existing": {}}
    assert "Choose a dataset." in text_of(browser.get(step(draft)))


def test_what_was_saved_comes_back(browser, draft):
    post(
        browser,
        draft,
        name="N",
        into="new",
        dataset_name="D",
        propose="event",
        schema_from="propose",
    )

    form = DatasetForm(PartialDefinition.model_validate(Draft.objects.get().definition))

    assert form.value("propose") == "event"
    assert form.value("dataset_name") == "D"
    assert form.initial["error_diagnostics"] is False
    assert form.initial["partial"] is False


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        ({"percent": "101", "partial": "on"}, "percent"),
        ({"percent": "x", "partial": "on"}, "percent"),
        ({"name": "x" * 256}, "name"),
        ({"into": "elsewhere"}, "into"),
        ({"propose": "thing"}, "propose"),
    ],
)
def test_wrong_values_are_named(browser, draft, posted, field):
    response = browser.post(step(draft), {"revision": 1, "action": "next", "name": "N", **posted})

    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_datasets_are_searched_on_the_server(browser, draft):
    url = reverse("draft-datasets", args=[draft.pk])

    page = text_of(browser.get(url, headers=HTMX))
    found = text_of(browser.get(url, {"q": "paypal PROD"}, headers=HTMX))

    assert "Customers" in page
    assert "PayPal products" in found
    assert "Customers" not in found


def test_the_schema_of_a_dataset_is_a_tree(browser, draft, emulator):
    from flowsite.wizard.lookups import Lookups

    row = next(one for one in Lookups.of_draft(draft).datasets() if one.name == "PayPal products")

    page = text_of(
        browser.get(
            reverse("draft-schema", args=[draft.pk]),
            {"dataset_pick": packed({"id": row.id, "name": row.name})},
            headers=HTMX,
        )
    )

    assert "_acme" in page
    assert "fields" in page
    nothing = browser.get(reverse("draft-schema", args=[draft.pk]), headers=HTMX)
    assert "Nothing is chosen yet." in text_of(nothing)


def test_an_unknown_schema_is_said(browser, draft, emulator):
    page = text_of(
        browser.get(
            reverse("draft-schema", args=[draft.pk]),
            {"schema_pick": packed({"id": "https://ns.adobe.com/acme/schemas/none", "name": "x"})},
            headers=HTMX,
        )
    )

    assert "The schema could not be read" in page


def test_schemas_are_listed(browser, draft):
    page = text_of(browser.get(reverse("draft-schemas", args=[draft.pk]), headers=HTMX))

    assert 'name="schema_pick"' in page


def test_the_proposal_follows_the_form(browser, draft):
    url = reverse("draft-proposal", args=[draft.pk])
    base = {"name": "N", "into": "new", "schema_from": "propose", "dataset_name": "D"}

    page = text_of(browser.post(url, {**base, "propose": "event"}, headers=HTMX))

    assert "_acme." in page
    assert 'value="productName"' in page
    assert "timestamp" in page
    wrong = text_of(
        browser.post(
            url,
            {**base, "propose": "profile", "identity_column": "Nope", "identity_namespace": "X"},
            headers=HTMX,
        )
    )
    assert "Nope" in wrong
    assert 'value="productName"' in wrong
    assert "dataset" not in Draft.objects.get().definition


def test_the_proposal_without_data_says_what_comes_first(browser, make_draft, access):
    draft = make_draft(account={"source": "paypal"})

    page = text_of(browser.get(reverse("draft-proposal", args=[draft.pk]), headers=HTMX))

    assert "Choose an account and what to read first" in page


def proposed(column: str, name: str, title: str, now: str, called: str) -> dict[str, str]:
    return {"field": packed([column, name, title]), "field_name": now, "field_title": called}


PROPOSE = {"name": "Orders", "into": "new", "schema_from": "propose", "propose": "profile"}


def test_a_renamed_field_is_kept_and_shown(browser, draft):
    renamed = proposed("Product_Id", "productId", "Product id", "article", "Article")

    saved = post(browser, draft, **PROPOSE, **renamed)

    choice = {"column": "Product_Id", "name": "article", "title": "Article"}
    assert saved["dataset"]["new"]["schema"]["fields"] == [choice]
    url = reverse("draft-proposal", args=[draft.pk])
    shown = text_of(browser.get(url, headers=HTMX))
    assert 'name="field_name" value="article"' in shown
    assert 'name="field_title" value="Article"' in shown
    # Saved while the list is still being read, the form does not know its fields.
    assert post(browser, draft, **PROPOSE)["dataset"]["new"]["schema"]["fields"] == [choice]


def test_a_field_as_proposed_is_not_written_down(browser, draft):
    post(browser, draft, **PROPOSE, **proposed("sku", "sku", "Sku", "article", "Sku"))

    saved = post(browser, draft, **PROPOSE, **proposed("sku", "sku", "Sku", " sku ", ""))

    assert "fields" not in saved["dataset"]["new"]["schema"]


def test_a_wrong_field_name_is_listed_and_not_lost(browser, draft):
    post(browser, draft, **PROPOSE, **proposed("sku", "sku", "Sku", "1 <b>", "Sku"))

    page = text_of(browser.get(step(draft)))

    assert "be a field name" in page
    assert "1 <b>" not in page.replace("1 &lt;b&gt;", "")
