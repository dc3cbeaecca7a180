"""The paging dialects of AEP's services, each read to its end (API contract, section 1.5).

Each generator asks ``fetch`` for one page at a time and yields rows as they come. Three guards turn
an endless list into MalformedAnswer: a token that was seen before, too many empty pages in a row
that promise more, and full pages that bring nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from flowsite.aep.errors import MalformedAnswer
from flowsite.aep.reading import as_objects, as_text, dig, first, rows_of

Params = list[tuple[str, str]]
Fetch = Callable[[Params], Any]
Row = dict[str, Any]

FLOW_SERVICE_LIMIT = 100
CATALOG_LIMIT = 100
REGISTRY_LIMIT = 300
DATA_PREP_LIMIT = 100
SANDBOX_LIMIT = 50
DATA_ACCESS_LIMIT = 100
#: A filter can leave a page empty; so many in a row are a loop.
MAX_EMPTY_PAGES = 20
MAX_STALE_PAGES = 3


def continued(fetch: Fetch, params: Params) -> Iterator[Row]:
    """Flow Service: ``continuationToken`` out of ``_links.next.href``, filters repeated."""
    for rows, _ in continued_pages(fetch, params):
        yield from rows


def continued_pages(fetch: Fetch, params: Params) -> Iterator[tuple[list[Row], bool]]:
    """The same page by page, each with whether another one follows."""
    token, seen, empty = "", {""}, 0
    while True:
        body = fetch([*params, *([("continuationToken", token)] if token else [])])
        rows = page_rows(body, "items", "results", "data")
        href = next_href(body)
        yield rows, bool(href)
        if not href:
            return
        token = query_value(href, "continuationToken") or ""
        if not token:
            raise MalformedAnswer("the link to the next page has no continuation token")
        empty = _watch(token, seen, 0 if rows else empty + 1)


def sorted_pages(fetch: Fetch, params: Params, *, orderby: str, limit: int) -> Iterator[Row]:
    """Schema Registry: ``start`` is the last answer's ``_page.next``, until that is null.

    ``limit`` is a hint only: AEP sends more or fewer rows so that equal sort values stay together.
    Rows that a page repeats from the one before are left out.
    """
    start, seen, empty, known = "", {""}, 0, set[str]()
    fixed = [*params, ("orderby", orderby), ("limit", str(limit))]
    while True:
        body = fetch([*fixed, *([("start", start)] if start else [])])
        rows = page_rows(body, "results", "items", "data")
        for row in rows:
            key = as_text(first(row, "$id", "meta:altId", "@id", "id"))
            if not key or key not in known:
                known.add(key)
                yield row
        start = _registry_next(body)
        if not start:
            return
        empty = _watch(start, seen, 0 if rows else empty + 1)


def _registry_next(body: Any) -> str:
    page = dig(body, "_page")
    if isinstance(page, Mapping) and "next" in page:
        return as_text(page["next"])
    return query_value(next_href(body), "start") or ""


def offset_rows(
    fetch: Fetch, params: Params, *, rows: str, key: str, offset: str, limit: int
) -> Iterator[Row]:
    """Data Prep, Data Access, sandboxes: offset and limit, rows in a list under ``rows``.

    ``_page.count`` is not looked at: AEP's own sample says 0 with rows present.
    """

    def page(body: Any) -> list[tuple[str, Row]]:
        found = page_rows(body, rows, "data", "items", "results")
        return [(as_text(row.get(key)), row) for row in found]

    return _by_offset(fetch, params, page, offset=offset, limit=limit)


def keyed_pages(fetch: Fetch, params: Params, *, limit: int = CATALOG_LIMIT) -> Iterator[Row]:
    """Catalog: an object keyed by id, no page info; each row gets its key as ``id``."""
    return _by_offset(fetch, params, keyed_rows, offset="start", limit=limit)


def keyed_rows(body: Any) -> list[tuple[str, Row]]:
    """Catalog's ``{id: object}`` as rows; also reads a list of objects that know their id."""
    if isinstance(body, Mapping) and not _is_object(body):
        objects = {key: value for key, value in body.items() if isinstance(value, Mapping)}
        if body and not objects:
            raise MalformedAnswer("a map of objects was expected")
        return [(key, {**value, "id": key}) for key, value in objects.items()]
    if not isinstance(body, Mapping | list):
        raise MalformedAnswer("a map of objects was expected")
    return [(as_text(first(row, "id", "@id")), row) for row in as_objects(body)]


def _is_object(body: Mapping[str, Any]) -> bool:
    """Whether it is one Catalog object without its key rather than a map of objects."""
    return isinstance(body.get("id"), str) and isinstance(body.get("name"), str)


def _by_offset(
    fetch: Fetch,
    params: Params,
    page: Callable[[Any], list[tuple[str, Row]]],
    *,
    offset: str,
    limit: int,
) -> Iterator[Row]:
    """Asks until a page brings nothing.

    A page with fewer rows than asked for is nearly always the last, but a server may also cap the
    page lower than we ask; one more call tells the two apart, and nothing is lost.
    """
    start, stale, known = 0, 0, set[str]()
    while True:
        found = page(fetch([*params, ("limit", str(limit)), (offset, str(start))]))
        fresh = [(key, row) for key, row in found if not key or key not in known]
        yield from (row for _, row in fresh)
        known.update(key for key, _ in fresh)
        if not found:
            return
        if fresh:
            stale = 0
        elif len(found) < limit:
            return  # the server ignores the offset: it has sent everything each time
        elif (stale := stale + 1) >= MAX_STALE_PAGES:
            raise MalformedAnswer("the same page comes again and again")
        start += len(found)


def page_rows(body: Any, *names: str) -> list[Row]:
    """The rows of a page. Raises MalformedAnswer where an empty list would be a guess.

    An unreadable page must not look like "nothing found": a lost create would be sent twice.
    """
    rows = rows_of(body, *names)
    if not rows and not _is_empty_page(body, names):
        raise MalformedAnswer("a list was expected")
    return rows


def _is_empty_page(body: Any, names: tuple[str, ...]) -> bool:
    if isinstance(body, Mapping):
        known = {*names, "_links", "_page", "_embedded"}
        return not body or bool(known & body.keys())
    return isinstance(body, list)


def next_href(body: Any) -> str:
    """The address of the next page; empty when there is none."""
    link = dig(body, "_links", "next")
    return as_text(first(link, "href", "url") if isinstance(link, Mapping) else link)


def query_value(address: str, name: str) -> str | None:
    """One parameter of an address, whatever its letter case.

    Tokens look like base64: they may hold ``=``, and a bare ``+`` in them is no blank.
    """
    query = address.split("#", 1)[0].partition("?")[2]
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if unquote(key).lower() == name.lower():
            return unquote(value)
    return None


def _watch(token: str, seen: set[str], empty: int) -> int:
    if token in seen:
        raise MalformedAnswer("the list leads back to a page that was read before")
    if empty > MAX_EMPTY_PAGES:
        raise MalformedAnswer("the list goes on and on with empty pages")
    seen.add(token)
    return empty
