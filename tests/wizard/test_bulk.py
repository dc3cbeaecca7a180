"""Building many dataflows at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from flowsite.definitions.columns import Column
from flowsite.definitions.sources import source_by_slug
from flowsite.drafts.models import Draft
from flowsite.submissions import services
from flowsite.submissions.models import Submission
from flowsite.wizard import bulk
from flowsite.wizard.forms.picks import packed
from tests.wizard.conftest import HTMX, text_of

TABLES = ["PayPal.Catalog_Products", "PayPal.Transactions", "PayPal.Disputes"]
START = "2030-05-01T10:00"


@pytest.fixture
def draft(make_draft, accounts) -> Draft:
    account = accounts["PayPal EU"]
    made: Draft = make_draft(
        account={"source": "paypal", "id": account.connection_id, "name": account.name}
    )
    return made


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "object": [packed(one) for one in TABLES],
        "name": "{source} {table} EU",
        "dataset": "{table}",
        "kind": "profile",
        "frequency": "hour",
        "interval": "2",
        "start": START,
        "spread_min": "5",
        "backfill": "on",
        "preferred": "*update*",
        **changes,
    }


def make(browser: Any, draft: Draft, **changes: Any) -> Any:
    return browser.post(reverse("draft-bulk", args=[draft.pk]), filled(**changes))


def batch_of(response: Any) -> str:
    found = re.search(r"/drafts/batch/(\w+)/", response["Location"])
    assert found
    return found[1]


def test_each_table_becomes_a_draft_by_the_pattern(browser, draft):
    response = make(browser, draft)

    drafts = list(Draft.objects.filter(batch=batch_of(response)).order_by("pk"))
    assert [one.name for one in drafts] == [
        "PayPal catalog products EU",
        "PayPal transactions EU",
        "PayPal disputes EU",
    ]
    assert [one.definition["data"]["table"] for one in drafts] == TABLES
    starts = [datetime.fromisoformat(one.definition["schedule"]["start"]) for one in drafts]
    first = datetime.fromisoformat(START).replace(tzinfo=UTC)
    assert starts == [first + timedelta(minutes=5 * n) for n in range(3)]
    assert drafts[0].definition["dataset"]["new"]["name"] == "catalog products"
    assert drafts[0].definition["account"] == draft.definition["account"]


def test_clashing_names_are_numbered(browser, draft):
    response = make(browser, draft, name="Same", dataset="Same")

    names = (
        Draft.objects.filter(batch=batch_of(response))
        .order_by("pk")
        .values_list("definition__name", flat=True)
    )
    assert list(names) == ["Same", "Same2", "Same3"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"object": []}, "at least one table", id="nothing chosen"),
        pytest.param({"object": ["x", "[1]", '""']}, "at least one table", id="nonsense chosen"),
        pytest.param(
            {"object": [packed(f"t{n}") for n in range(101)]}, "at most 100", id="too many"
        ),
        pytest.param({"name": ""}, "required", id="no name"),
        pytest.param({"frequency": "minute", "interval": "5"}, "At least 15", id="too often"),
        pytest.param({"frequency": "often"}, "valid choice", id="unknown frequency"),
        pytest.param({"start": "soon"}, "valid date", id="no time"),
        pytest.param({"spread_min": "-1"}, "greater than or equal", id="backwards"),
    ],
)
def test_wrong_patterns_make_nothing_and_keep_the_choice(browser, draft, changes, words):
    response = make(browser, draft, **changes)

    assert response.status_code == 422
    page = text_of(response)
    assert words in page
    if "object" not in changes:
        assert page.count('name="object"') == len(TABLES)
    assert Draft.objects.count() == 1


def test_the_tables_are_listed_with_ticks(browser, draft):
    page = text_of(browser.get(reverse("draft-bulk", args=[draft.pk])))
    assert reverse("draft-bulk-items", args=[draft.pk]) in page

    items = text_of(
        browser.get(reverse("draft-bulk-items", args=[draft.pk]), {"q": "cata"}, headers=HTMX)
    )

    assert "PayPal.Catalog_Products" in items
    assert "PayPal.Transactions" not in items


def test_the_grid_looks_at_each_table(browser, draft):
    key = batch_of(make(browser, draft))
    page = text_of(browser.get(reverse("batch", args=[key]), {"prefer": "*update*"}))
    first = Draft.objects.filter(batch=key).order_by("pk")[0]
    assert reverse("batch-row", args=[first.pk]) in page

    row = text_of(
        browser.get(reverse("batch-row", args=[first.pk]), {"prefer": "*update*"}, headers=HTMX)
    )

    assert re.search(r'value="&quot;Update_Time&quot;" selected', row)
    assert "columns" in row


def test_what_is_ready_is_submitted_and_the_rest_stays(browser, draft):
    key = batch_of(make(browser, draft))
    first, second, third = Draft.objects.filter(batch=key).order_by("pk")

    posted = {
        f"delta-{first.pk}": packed("Create_Time"),
        f"key-{first.pk}": "a" * 16,
        f"delta-{second.pk}": packed("Update_Time"),
        f"key-{second.pk}": "../../x",
    }
    page = text_of(browser.post(reverse("batch-submit", args=[key]), posted, follow=True))

    assert "2 dataflows are submitted." in page
    assert "Choose the column to load incremental data by" in page
    assert set(Submission.objects.values_list("draft", flat=True)) == {first.pk, second.pk}
    assert Submission.objects.get(draft=first).key == "a" * 16
    first.refresh_from_db()
    assert first.definition["schedule"]["load_incremental_by"] == "Create_Time"
    assert third.pk not in Submission.objects.values_list("draft", flat=True)


def test_submitting_again_repeats_nothing(browser, draft):
    key = batch_of(make(browser, draft, frequency="once"))

    browser.post(reverse("batch-submit", args=[key]))
    browser.post(reverse("batch-submit", args=[key]))

    assert Submission.objects.count() == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_grid_follows_the_submissions(browser, draft):
    key = batch_of(make(browser, draft, frequency="once"))
    browser.post(reverse("batch-submit", args=[key]))

    live = browser.get(reverse("batch", args=[key]), headers=HTMX)
    assert live.status_code == 200
    assert "every 2s" in text_of(live)
    for submission in Submission.objects.all():
        services.run_in_process(submission)

    last = browser.get(reverse("batch", args=[key]), headers=HTMX)

    assert last.status_code == 286
    assert text_of(last).count("Published") == 3


def test_strangers_and_ops_find_no_batch(browser, draft, stranger, ops, client_as):
    key = batch_of(make(browser, draft))
    for name in ("batch", "batch-submit"):
        url = reverse(name, args=[key])
        send = "post" if name == "batch-submit" else "get"
        assert getattr(client_as(stranger), send)(url).status_code == 404
        assert getattr(client_as(ops), send)(url).status_code == 403
    for name in ("draft-bulk", "draft-bulk-items", "batch-row"):
        url = reverse(name, args=[draft.pk])
        assert client_as(stranger).get(url).status_code == 404
        assert client_as(ops).get(url).status_code == 403
    assert browser.get(reverse("batch", args=["nothing"])).status_code == 404
    assert not Submission.objects.exists()


def test_files_and_drafts_without_account_are_not_for_many(browser, make_draft):
    for account in ({"source": "s3", "id": "a"}, {"source": "paypal"}):
        draft = make_draft(account=account)
        assert browser.get(reverse("draft-bulk", args=[draft.pk])).status_code == 404


@pytest.mark.parametrize(
    ("pattern", "table", "expected"),
    [
        ("{source} {table}", "PayPal.Catalog_Products", "PayPal catalog products"),
        ("{table}{table}", "Orders", "ordersorders"),
        ("{nothing} {0} {table.x}", "Orders", "{nothing} {0} {table.x}"),
        ("x\ny {table}", "a\tb", "x y a b"),
        ("{table}", "日本", "日本"),
    ],
)
def test_patterns_replace_their_two_words_only(pattern, table, expected):
    assert bulk.filled(pattern, source_by_slug("paypal"), table) == expected


@pytest.mark.parametrize(
    ("dates", "preferred", "expected"),
    [
        (["created"], "", "created"),
        (["created", "updated"], "*updat*, *creat*", "updated"),
        (["created", "closed"], "*updat*, *creat*", "created"),
        (["a", "b"], "*x*", None),
        ([], "*", None),
    ],
)
def test_the_column_to_load_by(dates, preferred, expected):
    columns = [Column(name=name, xdm={"type": "string", "format": "date-time"}) for name in dates]

    assert bulk.choose_delta([*columns, Column(name="id")], preferred) == expected
