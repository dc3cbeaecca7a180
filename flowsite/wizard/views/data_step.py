"""The Add data step: tables, resources or files of an account, their columns and sample rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from flowsite.definitions.model import Account, Data
from flowsite.definitions.problems import StepName
from flowsite.definitions.sources import Source
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.people.rights import Role, role_required
from flowsite.wizard import markup, samples
from flowsite.wizard.accounts import with_id
from flowsite.wizard.forms.data import COMPRESSIONS, DELIMITERS, FILE_TYPES, DataForm
from flowsite.wizard.forms.picks import packed, unpacked_text
from flowsite.wizard.lookups import MOST_ROWS, Lookups, SourceItem
from flowsite.wizard.views.account_step import source_of
from flowsite.wizard.views.common import fragment, remote, the_draft

WINDOW: Final = 50
FIRST_ROWS: Final = 10
_READ = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class ItemRow:
    """A table, resource or file with a radio button, or a folder to open."""

    value: str
    name: str
    path: str
    folder: bool
    ticked: bool


class DataPage:
    """``StepPage`` of the Add data step."""

    name: StepName = "data"
    template = "wizard/data.html"

    def form(self, draft: Draft, data: QueryDict | None) -> DataForm:
        return data_form(draft, data)

    def context(self, request: HttpRequest, draft: Draft, form: DataForm) -> dict[str, Any]:
        chosen = form.chosen
        return {
            "source": form.source,
            "account": account_of(draft),
            "chosen": chosen,
            "object_value": form.object_value,
            "file_types": FILE_TYPES,
            "compressions": COMPRESSIONS,
            "delimiters": DELIMITERS,
            "has_object": bool(chosen.object_name or chosen.params),
            **self._at_once(request, draft, form),
        }

    def _at_once(self, request: HttpRequest, draft: Draft, form: DataForm) -> dict[str, Any]:
        """Columns that are at hand are part of the page; others are fetched after it."""
        account = account_of(draft)
        exploration = Lookups.of_draft(draft).explored_at_hand(account, form.chosen)
        if exploration is None or account is None:
            return {"columns": None}
        return {"columns": columns_context(draft, form, account, exploration.columns)}

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        return None

    def saved(self, draft: Draft) -> dict[str, Any]:
        return {}


def account_of(draft: Draft) -> Account | None:
    """The draft's account with its id as far as it is known."""
    account = definition_of(draft).account
    return with_id(account, draft.sandbox) if account else None


def data_form(draft: Draft, data: QueryDict | None) -> DataForm:
    """The step's form, with the columns at hand for choices by pattern."""
    exploration = Lookups.of_draft(draft).explored_at_hand(
        account_of(draft), definition_of(draft).data
    )
    known = [column.name for column in exploration.columns] if exploration else []
    return DataForm(draft, data, source=source_of(draft), known=known)


# --- tables, resources, files --------------------------------------------------------------------


@role_required(Role.ANALYST)
@_READ
@remote("The account could not be read")
def draft_items(request: HttpRequest, pk: int) -> HttpResponse:
    """A window of what the account holds, searched for on the server."""
    draft = the_draft(request, pk)
    source, account = source_of(draft), account_of(draft)
    context: dict[str, Any] = {"draft": draft, "source": source, "account": account}
    if source is None or account is None or (source.has_accounts and not account.id):
        return fragment(request, "wizard/data.html#no_account", context)
    if source.kind == "rest":
        context |= _resources(draft, source)
        return fragment(request, "wizard/data.html#resources", context)
    context |= _items(request, draft, account)
    part = "more" if request.GET.get("offset") else "items"
    return fragment(request, f"wizard/data.html#{part}", context)


def _items(request: HttpRequest, draft: Draft, account: Account) -> dict[str, Any]:
    search = request.GET.get("q", "").strip()[:200]
    folder = unpacked_text(request.GET.get("folder")) or ""
    offset = _number(request.GET.get("offset", ""))
    refresh = "refresh" in request.GET
    found = Lookups.of_draft(draft).items(account.id or "", folder, refresh=refresh)
    words = search.casefold().split()
    hits = [one for one in found if all(word in one.path.casefold() for word in words)]
    chosen = (definition_of(draft).data or Data()).object_name
    asked = unpacked_text(request.GET.get("object"))
    chosen = asked if asked is not None else chosen
    window = hits[offset : offset + WINDOW]
    pinned = offset == 0 and chosen and chosen not in {one.path for one in window}
    rows = [_item(one, chosen) for one in window]
    if pinned:
        rows = [_item(SourceItem(chosen, chosen, "pinned"), chosen), *rows]
    return {
        "items": rows,
        "search": search,
        "total": len(found),
        "hits": len(hits),
        "next_offset": offset + WINDOW if offset + WINDOW < len(hits) else None,
        "folder": folder,
        "folder_value": packed(folder),
        "folder_ticked": bool(folder) and folder == chosen,
        "crumbs": _crumbs(folder),
        "pinned": bool(pinned),
    }


def _item(item: SourceItem, chosen: str) -> ItemRow:
    return ItemRow(
        value=packed(item.path),
        name=item.name,
        path=item.path,
        folder=item.type == "folder",
        ticked=item.path == chosen,
    )


def _crumbs(folder: str) -> list[tuple[str, str]]:
    """Name and value of each folder on the way."""
    parts = [part for part in folder.split("/") if part]
    lead = "/" if folder.startswith("/") else ""
    return [
        (part, packed(lead + "/".join(parts[: number + 1]))) for number, part in enumerate(parts)
    ]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def listed_resources(schema: Mapping[str, Any]) -> list[str]:
    """The resources that a source's spec lists; without any, the documented ones are offered."""
    properties = schema.get("properties")
    path = properties.get("resourcePath") if isinstance(properties, dict) else None
    listed = path.get("enum") if isinstance(path, dict) else None
    return [str(one) for one in listed or ()]


def _resources(draft: Draft, source: Source) -> dict[str, Any]:
    """The source's resources, and what else its spec asks."""
    spec = Lookups.of_draft(draft).spec(source)
    schema = spec.source_schema if spec else {}
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    listed = listed_resources(schema)
    data = definition_of(draft).data or Data()
    required = schema.get("required") or ()
    return {
        "resources": [
            ItemRow(packed(name), name, name, False, name == data.resource)
            for name in listed or source.example_objects
        ],
        "from_spec": bool(listed),
        "free": not listed,
        "resource": data.resource or "",
        "params": [
            {
                "name": name,
                "title": part.get("title") or name,
                "help": part.get("description") or "",
                "required": name in required,
                "value": (data.params or {}).get(name, ""),
            }
            for name, part in properties.items()
            if name != "resourcePath" and isinstance(part, dict) and part.get("type") != "object"
        ],
    }


# --- columns and rows ----------------------------------------------------------------------------


@role_required(Role.ANALYST)
@_READ
@remote("The columns could not be read")
def draft_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """The columns of what is chosen in the posted form, else of what the draft reads."""
    draft = the_draft(request, pk)
    form = data_form(draft, request.POST if request.method == "POST" else None)
    account, chosen = account_of(draft), form.chosen
    if account is None or not (chosen.object_name or chosen.params):
        return fragment(request, "wizard/data.html#nothing", {"draft": draft})
    lookups = Lookups.of_draft(draft)
    before = lookups.explored_at_hand(account, chosen)
    refresh = "refresh" in request.GET
    exploration = lookups.explored(account, chosen, refresh=refresh)
    changes = (
        samples.compare(before.columns, exploration.columns)
        if refresh and before
        else samples.Changes()
    )
    context = {
        "draft": draft,
        "fresh": refresh,
        "columns": columns_context(draft, form, account, exploration.columns, changes),
    }
    return fragment(request, "wizard/data.html#columns", context)


def columns_context(
    draft: Draft,
    form: DataForm,
    account: Account,
    columns: Sequence[Any],
    changes: samples.Changes | None = None,
) -> dict[str, Any]:
    """What the list of columns and the first sample rows print."""
    changes = changes or samples.Changes()
    chosen = form.chosen
    lookups = Lookups.of_draft(draft)
    exploration = lookups.explored_at_hand(account, chosen)
    rows = samples.column_rows(columns, chosen.columns, form.mapped_columns, changes)
    sample = samples.sample_of(
        columns,
        lookups.sample_at_hand(account, chosen),
        most_rows=FIRST_ROWS,
        every_column=False,
    )
    return {
        "rows": rows,
        "rows_html": markup.column_rows(rows),
        "total": len(rows),
        "ticked": sum(1 for row in rows if row.ticked),
        "dates": sum(1 for row in rows if row.date),
        "has_mapped": bool(form.mapped_columns),
        "listed_for": packed(chosen.object_name),
        "object_name": chosen.object_name,
        "changes": changes,
        "read_at": exploration.read_at if exploration else None,
        "sample": sample,
        "sample_html": markup.sample_rows(sample),
    }


@role_required(Role.ANALYST)
@_READ
@remote("The sample rows could not be read")
def draft_sample(request: HttpRequest, pk: int) -> HttpResponse:
    """Up to 100 sample rows, all columns."""
    draft = the_draft(request, pk)
    form = data_form(draft, request.POST if request.method == "POST" else None)
    account, chosen = account_of(draft), form.chosen
    if account is None or not (chosen.object_name or chosen.params):
        return fragment(request, "wizard/data.html#nothing", {"draft": draft})
    lookups = Lookups.of_draft(draft)
    rows = lookups.sample(account, chosen)
    columns = lookups.explored(account, chosen).columns
    sample = samples.sample_of(columns, rows, most_rows=MOST_ROWS, every_column=True)
    context = {
        "draft": draft,
        "sample": sample,
        "sample_html": markup.sample_rows(sample),
        "said": _("%(n)d rows") % {"n": len(sample.rows)},
    }
    return fragment(request, "wizard/data.html#sample", context)
