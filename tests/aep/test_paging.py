from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote

import httpx
import pytest

from flowsite.aep.errors import MalformedAnswer
from flowsite.aep.paging import (
    MAX_EMPTY_PAGES,
    continued,
    keyed_pages,
    offset_rows,
    query_value,
    sorted_pages,
)


class Pages:
    """Stands for a service: answers by parameters, keeps what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked: list[dict[str, str]] = []

    def __call__(self, params):
        # Over the wire and back: what isn't encoded right is lost here.
        url = httpx.URL("https://h/x?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in params))
        self.asked.append(dict(parse_qsl(url.query.decode(), keep_blank_values=True)))
        return json.loads(json.dumps(self.answer(self.asked[-1])))


# --- Flow Service: continuation tokens ------------------------------------------------------------


def flow_service(rows, size, token_of=str, encode=lambda token: quote(token, safe="")):
    """Pages of ``size`` whose link carries a token."""
    tokens = {token_of(start): start for start in range(0, len(rows) + size, size)}

    def answer(params):
        start = tokens[params["continuationToken"]] if "continuationToken" in params else 0
        end = start + size
        links = {}
        if end < len(rows):
            links = {"next": {"href": f"/flows?limit=1&continuationToken={encode(token_of(end))}"}}
        return {"items": rows[start:end], "_links": links}

    return Pages(answer)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_continued_reads_every_row(count, size):
    rows = [{"id": str(n)} for n in range(count)]

    assert list(continued(flow_service(rows, size), [])) == rows


@pytest.mark.parametrize(
    "token",
    [
        "W3siY29tcA==",
        "a+b/c=",
        "x&limit=5",
        "50%",
        "é#?",
        "a b",
        "==",
        "next=1&continuationToken=2",
    ],
)
def test_tokens_survive_byte_for_byte(token):
    rows = [{"id": "1"}, {"id": "2"}]
    service = flow_service(rows, 1, token_of=lambda start: f"{token}{start}")

    assert list(continued(service, [])) == rows
    assert service.asked[1]["continuationToken"] == f"{token}1"


def test_a_bare_plus_in_a_link_is_no_blank():
    rows = [{"id": "1"}, {"id": "2"}]
    service = flow_service(rows, 1, token_of=lambda start: f"a+b/{start}==", encode=str)

    assert list(continued(service, [])) == rows
    assert service.asked[1]["continuationToken"] == "a+b/1=="


def test_filters_are_repeated_on_every_page():
    service = flow_service([{"id": str(n)} for n in range(3)], 1)

    list(continued(service, [("property", 'name=="a b"'), ("limit", "100")]))

    assert [(q["property"], q["limit"]) for q in service.asked] == [('name=="a b"', "100")] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [], "_links": {}},
        {"items": [], "_links": None},
        {"items": None, "_links": {"next": None}},
        {"items": [], "_links": {"next": {}}},
        {"items": [], "_links": {"next": {"href": ""}}},
        {"_links": {}},
        {},
        [],
    ],
)
def test_continued_sees_the_end_in_every_spelling(body):
    assert list(continued(Pages(lambda params: body), [])) == []


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"id": "1"}], "_links": {"next": "/flows?continuationToken=t"}},
        {
            "items": [{"id": "1"}],
            "_links": {"next": {"url": "https://x/flows?a=1&continuationtoken=t"}},
        },
        {"results": [{"id": "1"}], "_links": {"next": {"href": "?continuationToken=t#f"}}},
    ],
)
def test_continued_reads_other_spellings(body):
    service = Pages(
        lambda params: {"items": [{"id": "2"}]} if "continuationToken" in params else body
    )

    assert [row["id"] for row in continued(service, [])] == ["1", "2"]
    assert service.asked[1]["continuationToken"] == "t"


def test_continued_accepts_a_bare_array_and_a_bare_object():
    assert list(continued(Pages(lambda params: [{"id": "1"}]), [])) == [{"id": "1"}]
    assert list(continued(Pages(lambda params: {"id": "1"}), [])) == [{"id": "1"}]


def test_continued_allows_an_empty_page_in_between():
    def answer(params):
        token = params.get("continuationToken", "0")
        rows = [] if token in {"1", "2"} else [{"id": token}]
        href = f"?continuationToken={int(token) + 1}"
        return {"items": rows, "_links": {"next": {"href": href}} if token != "3" else {}}

    assert [row["id"] for row in continued(Pages(answer), [])] == ["0", "3"]


def looping(params):
    return {"items": [{"id": "1"}], "_links": {"next": {"href": "?continuationToken=same"}}}


def empty_forever(params):
    number = int(params.get("continuationToken", "0")) + 1
    return {"items": [], "_links": {"next": {"href": f"?continuationToken={number}"}}}


def no_token(params):
    return {"items": [{"id": "1"}], "_links": {"next": {"href": "/flows?limit=1"}}}


@pytest.mark.parametrize(
    ("answer", "calls", "words"),
    [
        pytest.param(looping, 2, "read before", id="the same token again"),
        pytest.param(
            empty_forever, MAX_EMPTY_PAGES + 1, "empty pages", id="empty pages with a link"
        ),
        pytest.param(no_token, 1, "no continuation token", id="a link without token"),
        pytest.param(lambda params: None, 1, "a list was expected", id="nothing"),
        pytest.param(lambda params: "x", 1, "a list was expected", id="text"),
        pytest.param(lambda params: {"error": "x"}, 1, "a list was expected", id="something else"),
    ],
)
def test_continued_stops_with_a_clear_error(answer, calls, words):
    service = Pages(answer)

    with pytest.raises(MalformedAnswer, match=words):
        list(continued(service, []))
    assert len(service.asked) == calls


def test_rows_stream_before_the_end_is_known():
    service = flow_service([{"id": "1"}, {"id": "2"}], 1)

    assert next(continued(service, [])) == {"id": "1"}
    assert len(service.asked) == 1


# --- Schema Registry: start after the last sort value ---------------------------------------------


def registry(titles, size, *, inclusive=False):
    """Pages that never cut equal titles (API contract, section 1.5); ``next`` is the last title."""
    ordered = sorted(titles)

    def answer(params):
        start = params.get("start")
        rest = [t for t in ordered if start is None or t > start or (inclusive and t == start)]
        page = rest[: size or int(params["limit"])]
        while len(page) < len(rest) and rest[len(page)] == page[-1]:
            page.append(rest[len(page)])
        more = len(page) < len(rest)
        after = rest[len(page)] if more and inclusive else page[-1] if page else None
        return {
            "results": [{"$id": f"https://ns/{t}/{n}", "title": t} for n, t in enumerate(page)],
            "_page": {"orderby": params["orderby"], "next": after if more else None},
            "_links": {"next": {"href": f"?start={after}"}} if more else {},
        }

    return Pages(answer)


@pytest.mark.parametrize("size", [1, 2, 300])
@pytest.mark.parametrize("inclusive", [False, True], ids=["beyond", "from"])
def test_sorted_pages_read_every_row(size, inclusive):
    titles = [f"Schema {n:04}" for n in range(7)] + ["a&b=c+d/e", "é", '"q"', "%41"]

    service = registry(titles, size, inclusive=inclusive)
    rows = list(sorted_pages(service, [], orderby="title", limit=300))

    assert [row["title"] for row in rows] == sorted(titles)


def test_more_than_300_schemas():
    titles = [f"Schema {n:04}" for n in range(1001)]

    service = registry(titles, None)
    rows = list(sorted_pages(service, [], orderby="title", limit=300))

    assert [row["title"] for row in rows] == titles
    assert [(q["orderby"], q["limit"]) for q in service.asked] == [("title", "300")] * 4


def test_equal_sort_values_at_a_page_border():
    titles = ["a", "b", "b", "b", "c"]

    rows = list(sorted_pages(registry(titles, 2), [], orderby="title", limit=2))

    assert [row["title"] for row in rows] == titles


def test_registry_next_out_of_the_link_when_the_page_says_nothing():
    def answer(params):
        if "start" in params:
            return {"results": [{"$id": "2"}], "_page": {}}
        return {"results": [{"$id": "1"}], "_links": {"next": {"href": "/x?orderby=t&start=a%2Bb"}}}

    service = Pages(answer)

    assert [row["$id"] for row in sorted_pages(service, [], orderby="t", limit=5)] == ["1", "2"]
    assert service.asked[1]["start"] == "a+b"


def test_registry_ends_at_null_even_with_a_link():
    body = {
        "results": [{"$id": "1"}],
        "_page": {"next": None},
        "_links": {"next": {"href": "?start=x"}},
    }

    assert len(list(sorted_pages(Pages(lambda params: body), [], orderby="t", limit=5))) == 1


def test_registry_loop_is_an_error():
    body = {"results": [{"$id": "1"}], "_page": {"next": "again"}}

    with pytest.raises(MalformedAnswer, match="read before"):
        list(sorted_pages(Pages(lambda params: body), [], orderby="t", limit=5))


# --- Catalog, Data Prep, Data Access, sandboxes: offsets ------------------------------------------


def catalog(rows, cap):
    def answer(params):
        start = int(params["start"])
        size = min(int(params["limit"]), cap)
        return {row["id"]: {"name": row["name"]} for row in rows[start : start + size]}

    return Pages(answer)


def listed(rows, cap, name="data", offset="start"):
    def answer(params):
        start = int(params[offset])
        size = min(int(params["limit"]), cap)
        page = {"count": 0, "limit": size}
        return {name: rows[start : start + size], "_page": page, "_links": {}}

    return Pages(answer)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 250])
@pytest.mark.parametrize("cap", [1, 20, 100])
def test_catalog_reads_every_row(count, cap):
    rows = [{"id": f"d{n}", "name": f"n{n}"} for n in range(count)]

    assert list(keyed_pages(catalog(rows, cap), [])) == [
        {"name": row["name"], "id": row["id"]} for row in rows
    ]


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101])
@pytest.mark.parametrize("cap", [1, 7, 100])
def test_offset_rows_read_every_row(count, cap):
    rows = [{"id": str(n)} for n in range(count)]
    service = listed(rows, cap)

    found = list(offset_rows(service, [], rows="data", key="id", offset="start", limit=100))

    assert found == rows
    assert {"limit", "start"} <= service.asked[0].keys()


def test_offset_rows_without_id_are_all_kept():
    rows = [{"x": 1}, {"x": 1}]

    found = offset_rows(listed(rows, 9), [], rows="data", key="id", offset="start", limit=9)

    assert list(found) == rows


def test_a_server_that_ignores_the_offset_is_read_once():
    service = Pages(lambda params: {"sandboxes": [{"name": "dev"}, {"name": "prod"}]})

    rows = offset_rows(service, [], rows="sandboxes", key="name", offset="offset", limit=50)

    assert [row["name"] for row in rows] == ["dev", "prod"]


def test_rows_shifted_by_a_new_object_come_once():
    rows = [{"id": f"d{n}", "name": ""} for n in range(150)]
    service = catalog(rows, 100)
    found = keyed_pages(service, [])
    first = [next(found) for _ in range(100)]
    rows.insert(0, {"id": "new", "name": ""})

    ids = [row["id"] for row in [*first, *found]]

    assert ids == [f"d{n}" for n in range(150)]


def test_full_pages_that_bring_nothing_new_are_an_error():
    body = {f"d{n}": {} for n in range(100)}

    with pytest.raises(MalformedAnswer, match="again and again"):
        list(keyed_pages(Pages(lambda params: body), []))


@pytest.mark.parametrize("body", [None, "x", 5, {"error": "x"}, {"a": 1, "b": None}])
def test_catalog_refuses_what_is_no_map(body):
    with pytest.raises(MalformedAnswer, match="map of objects"):
        list(keyed_pages(Pages(lambda params: body), []))


def test_catalog_reads_a_list_too():
    bodies = iter([[{"id": "a", "name": "n"}], []])

    assert list(keyed_pages(Pages(lambda params: next(bodies)), [])) == [{"id": "a", "name": "n"}]


def test_a_dataset_called_id_is_no_object_of_its_own():
    bodies = iter([{"id": {"name": "x"}, "name": {"name": "y"}}, {}])

    rows = list(keyed_pages(Pages(lambda params: next(bodies)), []))

    assert [row["id"] for row in rows] == ["id", "name"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/x?a=1&t=2", "2"),
        ("/x?T=2", "2"),
        ("/x?t=", ""),
        ("/x?t", ""),
        ("/x", None),
        ("/x?tt=1", None),
        ("?t=a%3Db%26c", "a=b&c"),
        ("?t=a=b", "a=b"),
        ("", None),
    ],
)
def test_query_value(address, expected):
    assert query_value(address, "t") == expected
