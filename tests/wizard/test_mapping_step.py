"""The Mapping step: rows, suggestions, checks, files."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from flowsite.definitions.columns import Column
from flowsite.definitions.model import MappingRow
from flowsite.drafts.models import Draft
from flowsite.wizard import mapping_csv
from flowsite.wizard.forms.mapping import MappingForm, digest, shown_source
from flowsite.wizard.forms.picks import packed
from tests.wizard.conftest import AUTOSAVE, HTMX, text_of


def step(draft: Draft) -> str:
    return reverse("draft-step", args=[draft.pk, "mapping"])


def editor(browser: Any, draft: Draft) -> str:
    return text_of(browser.get(reverse("draft-editor", args=[draft.pk]), headers=HTMX))


@pytest.fixture
def draft(make_draft, paypal) -> Draft:
    """A proposed schema, nothing mapped yet."""
    made: Draft = make_draft(**paypal(mapping=None))
    return made


@pytest.fixture
def existing(make_draft, paypal, emulator) -> Draft:
    """Into a dataset that is there."""
    made: Draft = make_draft(
        **paypal(mapping=None, dataset={"existing": {"name": "PayPal products"}})
    )
    return made


def rows_in(page: str) -> int:
    return page.count('<input type="hidden" name="kind"') - 2  # the blank row and the template


def test_the_editor_comes_after_the_page_and_then_with_it(browser, draft):
    first = text_of(browser.get(step(draft)))
    assert reverse("draft-editor", args=[draft.pk]) in first
    assert 'name="editor"' not in first

    page = editor(browser, draft)

    assert rows_in(page) >= 5
    assert "_acme.productName" in page
    assert 'name="editor"' in text_of(browser.get(step(draft)))


def test_untouched_suggestions_are_saved_as_suggested(browser, draft):
    browser.get(reverse("draft-editor", args=[draft.pk]), headers=HTMX)
    context = browser.get(step(draft)).context["editor"]
    posted = {
        "revision": 1,
        "editor": 1,
        "suggested": context.suggested,
        "source": [row.source for row in context.rows] + [""],
        "target": [row.target for row in context.rows] + [""],
        "kind": [row.kind for row in context.rows] + [""],
    }

    browser.post(step(draft), {**posted, "action": "next"})
    assert Draft.objects.get().definition["mapping"] == "suggested"

    posted["target"][0] = "_acme.other"
    browser.post(step(draft), {**posted, "revision": 2})
    assert Draft.objects.get().definition["mapping"][0]["target"] == "_acme.other"


def test_without_an_editor_nothing_is_lost(browser, make_draft, paypal):
    draft = make_draft(**paypal(mapping=[{"source": "Product_Id", "target": "_id"}]))

    browser.post(step(draft), {"revision": 1, "action": "next"})

    assert Draft.objects.get().definition["mapping"] == [{"source": "Product_Id", "target": "_id"}]


def save(browser: Any, draft: Draft, *pairs: tuple[str, str], **more: Any) -> Any:
    draft.refresh_from_db()
    response = browser.post(
        step(draft),
        {
            "revision": draft.revision,
            "editor": 1,
            "source": [source for source, _ in pairs],
            "target": [target for _, target in pairs],
            **more,
        },
        headers=AUTOSAVE,
    )
    draft.refresh_from_db()
    return response.json()


def test_columns_and_expressions_are_told_apart(browser, draft):
    editor(browser, draft)

    save(
        browser,
        draft,
        ("Product_Id", "_id"),
        ("upper(Product_Name)", "_acme.productName"),
        ("Nope_Id", "_acme.x"),
        ('"EUR"', "_acme.y"),
        ("", ""),
        ("", "_acme.z"),
    )

    assert draft.definition["mapping"] == [
        {"source": "Product_Id", "target": "_id"},
        {"expression": "upper(Product_Name)", "target": "_acme.productName"},
        {"source": "Nope_Id", "target": "_acme.x"},
        {"expression": '"EUR"', "target": "_acme.y"},
        {"target": "_acme.z"},
    ]


def test_autosave_answers_counters_and_problems_by_row(browser, draft):
    editor(browser, draft)

    answer = save(
        browser, draft, ("Product_Id", "_acme.productId"), ("Nope", "_acme.none"), ("", "_acme.x")
    )

    assert answer["counts"]["mapped"] == 2
    assert answer["counts"]["errors"] >= 3
    assert "Nope" in answer["rows"]["1"]["text"]
    assert answer["rows"]["2"]["error"] is True
    assert "0" not in answer["rows"]


ODD = ["my col", "a.b", "line\nbreak", "${x}", "null", " lead", 'quo"te', "<b>", "x" * 300]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_odd_column_names_come_back_as_columns(make_draft, name):
    from django.http import QueryDict

    row = MappingRow(source=name, target="_acme.t")
    text, kind = shown_source(row)
    # What a browser makes of a text field's value.
    text = text.replace("\n", "").replace("\r", "")
    data = QueryDict(mutable=True)
    data["editor"] = "1"
    data.setlist("source", [text])
    data.setlist("target", ["_acme.t"])
    data.setlist("kind", [kind])

    form = MappingForm(make_draft(), data, columns=[Column(name=name, path=(name,))])

    assert form.rows() == (row,)


@pytest.mark.parametrize("kind", ["{", "[]", '{"source": 5}', '{"x": 1}', "x" * 100_000])
def test_a_tampered_kind_is_ignored(make_draft, kind):
    from django.http import QueryDict

    data = QueryDict(mutable=True)
    data["editor"] = "1"
    data.setlist("source", ["a"])
    data.setlist("target", ["t"])
    data.setlist("kind", [kind])

    assert MappingForm(make_draft(), data).rows() == (MappingRow(source="a", target="t"),)


def test_lists_of_different_length_are_no_crash(browser, draft):
    response = browser.post(
        step(draft), {"revision": 1, "editor": 1, "source": ["a", "b", "c"], "target": ["t"]}
    )

    assert response.status_code == 302
    assert Draft.objects.get().definition["mapping"] == [{"source": "a", "target": "t"}]


def test_buttons_that_work_without_scripts(browser, draft):
    editor(browser, draft)
    save(browser, draft, ("Product_Id", "_id"), ("Product_Name", "_acme.productName"))
    posted = {
        "revision": 2,
        "editor": 1,
        "source": ["Product_Id", "Product_Name"],
        "target": ["_id", "_acme.productName"],
    }

    browser.post(step(draft), {**posted, "action": "remove-0"})
    draft.refresh_from_db()
    assert [row["source"] for row in draft.definition["mapping"]] == ["Product_Name"]
    browser.post(step(draft), {"revision": 3, "action": "reset"})
    draft.refresh_from_db()
    assert draft.definition["mapping"] == "suggested"
    browser.post(step(draft), {"revision": 4, "action": "clear"})
    draft.refresh_from_db()
    assert draft.definition["mapping"] == []


def test_suggestions_can_be_accepted_one_by_one_and_all(browser, existing):
    editor(browser, existing)
    save(browser, existing)
    url = reverse("draft-suggestions", args=[existing.pk])

    page = text_of(browser.post(url, {"editor": 1}, headers=HTMX))
    assert "the same name" in page
    values = [html.unescape(one) for one in re.findall(r'value="(accept-[^"]+)"', page)]
    first = next(one for one in values if one != "accept-all")
    browser.post(step(existing), {"revision": existing.revision, "editor": 1, "action": first})
    existing.refresh_from_db()
    (row,) = existing.definition["mapping"]
    assert f"accept-{packed(row['target'])}" == first
    browser.post(step(existing), {"revision": existing.revision, "action": "accept-all"})
    existing.refresh_from_db()
    assert len(existing.definition["mapping"]) > 1


@pytest.mark.parametrize("action", ["accept-", "accept-x", "accept-5", "remove-x", "remove-99"])
def test_unreadable_buttons_change_nothing(browser, draft, action):
    editor(browser, draft)

    response = browser.post(step(draft), {"revision": 1, "action": action})

    assert response.status_code == 302


def test_what_must_be_chosen_first_is_said(browser, make_draft, access):
    draft = make_draft(account={"source": "paypal"})

    page = editor(browser, draft)

    assert "First choose both sides" in page
    assert reverse("draft-step", args=[draft.pk, "data"]) in page


def test_a_dead_aep_is_said_and_nothing_is_lost(browser, make_draft, down):
    draft = make_draft(
        account={"source": "paypal", "id": "a", "name": "A"},
        data={"table": "T"},
        dataset={"new": {"name": "D", "schema": {"propose": "profile"}}},
        mapping=[{"source": "a", "target": "b"}],
    )

    page = editor(browser, draft)

    assert "The two sides of the mapping could not be read" in page
    assert "Try again" in page
    assert Draft.objects.get().definition["mapping"] == [{"source": "a", "target": "b"}]


# --- checks --------------------------------------------------------------------------------------


def check(browser: Any, draft: Draft, name: str, *pairs: tuple[str, str]) -> str:
    return text_of(
        browser.post(
            reverse(name, args=[draft.pk]),
            {
                "editor": 1,
                "source": [source for source, _ in pairs],
                "target": [target for _, target in pairs],
            },
            headers=HTMX,
        )
    )


def test_validating_a_proposed_schema_says_what_was_not_done(browser, draft):
    page = check(browser, draft, "draft-validate", ("upper(Product_Name)", "_acme.productName"))

    assert "checked by Data Prep but not evaluated" in page
    assert "is valid" in page


def test_data_preps_complaint_stands_at_the_row(browser, draft):
    page = check(
        browser,
        draft,
        "draft-validate",
        ("Product_Id", "_acme.productId"),
        ("nosuchfunction(Product_Name)", "_acme.productName"),
    )

    assert 'href="#row-1"' in page
    assert "Data Prep:" in page


def test_validating_against_an_existing_schema(browser, existing):
    from flowsite.wizard.lookups import Lookups
    from flowsite.wizard.sides import sides_of

    sides = sides_of(existing, Lookups.of_draft(existing))
    text = next(one.path for one in sides.fields if one.type == "string")

    good = check(browser, existing, "draft-validate", ("upper(Product_Name)", text))
    bad = check(browser, existing, "draft-validate", ("Product_Name", "_acme.no.such"))

    assert "not evaluated" not in good
    assert "_acme.no.such" in bad


def test_the_preview_of_an_existing_schema_is_data_preps(browser, existing):
    from flowsite.wizard.lookups import Lookups
    from flowsite.wizard.sides import sides_of

    sides = sides_of(existing, Lookups.of_draft(existing))
    text = next(one.path for one in sides.fields if one.type == "string")

    page = check(browser, existing, "draft-preview", ("upper(Product_Id)", text))

    assert "PROD-" in page
    assert page.count("<summary>") == 10
    assert "not evaluated" not in page


def test_the_preview_of_a_proposed_schema_is_local(browser, draft):
    page = check(
        browser,
        draft,
        "draft-preview",
        ("Product_Id", "_acme.productId"),
        ("upper(Product_Name)", "_acme.productName"),
    )

    assert "PROD-" in page
    assert "not evaluated" in page
    assert "checked, not evaluated" in page


def test_an_expression_is_checked_while_it_is_typed(browser, draft):
    url = reverse("draft-expression", args=[draft.pk])

    def answer(expression: str) -> str:
        posted = {"expression": expression, "for": "_acme.productName"}
        return text_of(browser.post(url, posted, headers=HTMX))

    assert "Data Prep can read it" in answer("upper(Product_Name)")
    assert "is missing" in answer("upper(Product_Name")
    assert "not among the chosen columns" in answer("upper(Nope)")
    assert "Checked as you type" in answer("  ")


def test_functions_are_listed(browser, draft):
    page = text_of(browser.get(reverse("draft-functions", args=[draft.pk]), headers=HTMX))

    assert "upper" in page


# --- size ----------------------------------------------------------------------------------------


def test_300_columns_and_430_fields_stay_small(browser, draft, monkeypatch):
    from flowsite.definitions.xdm import TargetField
    from flowsite.wizard.lookups import Lookups
    from flowsite.wizard.sides import Sides
    from flowsite.wizard.views import mapping_step

    columns = tuple(Column(name=f"some_column_{n:03d}", path=(f"c{n}",)) for n in range(300))
    fields = tuple(
        TargetField(
            path=f"_acme.some.group{n % 20}.field{n:03d}", type="string", title=f"Field {n}"
        )
        for n in range(430)
    )
    sides = Sides(columns, fields, tenant_id="acme")
    monkeypatch.setattr(mapping_step, "sides_at_hand", lambda *_: sides)
    rows = [{"source": columns[n].name, "target": fields[n].path} for n in range(300)]
    Draft.objects.filter(pk=draft.pk).update(definition={**draft.definition, "mapping": rows})
    assert Lookups.of_draft(draft)

    page = browser.get(step(draft)).content

    assert len(page) < 300_000
    assert page.count(b'id="map-targets"') == 1
    assert page.count(b"<select") == 0


# --- files ---------------------------------------------------------------------------------------

ROWS = (
    MappingRow(source="Product_Id", target="_id"),
    MappingRow(expression='concat("a,b", Product_Name)', target="_acme.x"),
    MappingRow(source="=cmd|' /C calc'!A0", target="_acme.y"),
    MappingRow(source="line\nbreak; é", target="_acme.z"),
)


def test_a_csv_comes_back_as_the_same():
    text = mapping_csv.export(ROWS)

    assert mapping_csv.load(text.encode()) == ROWS
    assert "\n'=cmd" in text.replace("\r", "")


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("source;destination", "a;b"),
        ("Source field\tType\tTarget field", "a\tATTRIBUTE\tb"),
        ("destination,sourceType,source", "b,attribute,a"),
        ("\ufeffsource,target", "a,b"),
    ],
)
def test_csv_dialects(head, line):
    assert mapping_csv.load(f"{head}\n{line}\n\n".encode()) == (MappingRow(source="a", target="b"),)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"a\x00b", "not text"),
        (b"one,two\n1,2", "first line"),
        (b"source,destination\nx", "Line 2"),
        (b'source,destination\n"x', "not CSV"),
        (b"source,destination\n" + b"a,b\n" * 6000, "more than"),
        (b"x" * 3_000_000, "too large"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bad_csv_is_explained(data, words):
    with pytest.raises(mapping_csv.CsvProblem, match=words):
        mapping_csv.load(data)


def test_importing_replaces_the_rows_and_reports(browser, draft):
    editor(browser, draft)
    upload = SimpleUploadedFile("m.csv", b"source,destination\nProduct_Id,_acme.productId\nNo,_x\n")

    page = text_of(
        browser.post(
            reverse("draft-mapping-import", args=[draft.pk]), {"file": upload}, follow=True
        )
    )

    assert "2 rows are imported." in page
    assert "problem" in page
    assert len(Draft.objects.get().definition["mapping"]) == 2


def test_a_bad_import_changes_nothing(browser, draft):
    for files in ({}, {"file": SimpleUploadedFile("m.csv", b"nothing")}):
        response = browser.post(
            reverse("draft-mapping-import", args=[draft.pk]), files, follow=True
        )
        assert "alert-negative" in text_of(response)
    assert "mapping" not in Draft.objects.get().definition


def test_exporting_writes_out_the_suggestions(browser, draft):
    response = browser.get(reverse("draft-mapping-csv", args=[draft.pk]))

    assert response["Content-Type"].startswith("text/csv")
    assert "Product_Name,ATTRIBUTE,_acme.productName" in text_of(response)


def test_the_digest_tells_rows_apart():
    assert digest(ROWS) == digest(list(ROWS))
    assert digest(ROWS) != digest(ROWS[:-1])
    assert packed("x") == '"x"'


# --- from another draft or dataflow --------------------------------------------------------------


def test_a_mapping_is_taken_over_with_a_report(browser, draft, make_draft):
    other = make_draft(
        name="Older one",
        mapping=[
            {"source": "Product_Id", "target": "_{tenant}.productId"},
            {"source": "Gone", "target": "_{tenant}.productName"},
            {"expression": "upper(Product_Name)", "target": "_acme.productName"},
            {"source": "Product_Id", "target": "_acme.nowhere"},
        ],
    )

    listed = text_of(browser.get(reverse("draft-mapping-origins", args=[draft.pk]), headers=HTMX))
    page = text_of(
        browser.post(
            reverse("draft-mapping-copy", args=[draft.pk]),
            {"from": f"draft:{other.pk}"},
            follow=True,
        )
    )

    assert f'value="draft:{other.pk}"' in listed
    assert "2 of 4 rows fit" in page
    assert "Gone → _acme.productName" in page
    draft.refresh_from_db()
    assert [row["target"] for row in draft.definition["mapping"]] == [
        "_acme.productId",
        "_acme.productName",
    ]


@pytest.mark.parametrize("value", ["", "draft:0", "dataflow:x", "draft:" + "9" * 30, "user:1"])
def test_what_has_no_mapping_is_refused(browser, draft, value):
    page = text_of(
        browser.post(reverse("draft-mapping-copy", args=[draft.pk]), {"from": value}, follow=True)
    )

    assert "Choose a draft or dataflow" in page
    assert "mapping" not in Draft.objects.get().definition


def test_a_strangers_mapping_is_not_taken_over(browser, draft, access, stranger):
    from flowsite.people.models import Team

    theirs = Draft.objects.create(
        team=Team.objects.get(name="Others"),
        sandbox=access.sandbox,
        credential=access.credential,
        definition={"version": 1, "mapping": [{"source": "a", "target": "b"}]},
    )

    page = browser.post(
        reverse("draft-mapping-copy", args=[draft.pk]), {"from": f"draft:{theirs.pk}"}, follow=True
    )

    assert "Choose a draft or dataflow" in text_of(page)
