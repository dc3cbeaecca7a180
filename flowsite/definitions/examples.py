"""A commented example file for a source, to start from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

from flowsite.definitions.problems import DefinitionError
from flowsite.definitions.sources import Source, SourceKind, source_by_slug

DEFAULT_START: Final = datetime(2030, 1, 1, tzinfo=UTC)


class _Example(NamedTuple):
    account: str
    object_name: str
    what: str
    delta: str
    column: str
    field: str


_EXAMPLES: Final = {
    "paypal": _Example(
        "PayPal EU",
        "PayPal.Catalog_Products",
        "products",
        "Create_Time",
        "Product_Name",
        "productName",
    ),
    "square": _Example("Square Stores", "payments", "payments", "created_at", "status", "status"),
    "stripe": _Example("Stripe Live", "charges", "charges", "", "data.currency", "dataCurrency"),
}

_HEAD: Final = """\
# A dataflow of {name}, as a file. Unknown keys are errors, so a typing error cannot pass.
version: 1
name: {name} {what}
description: Read from {name} by Flowsite

# The source's name in the catalogue, and an account of it by name (or by id: …).
account:
  source: {slug}
  name: {account}
"""

_DATA: Final[dict[SourceKind, str]] = {
    "tabular": """
# columns: all, or a list such as [{delta}, …].
data:
  table: {object_name}
  columns: all
""",
    "rest": """
# One of the source's resources. columns: all, or a list of paths such as [data.id, …].
data:
  resource: {object_name}
  columns: all
""",
    "file": """
# file_type: delimited, json or parquet. For a folder of files add folder: true.
data:
  path: {object_name}
  file_type: delimited
  column_delimiter: ","
  columns: all
""",
}

_DATASET: Final = """
# Either new, as here, or existing: {{name: …}} or {{id: …}}.
# schema: {{propose: profile}} or {{propose: event}} makes one from the columns, with fields under
# the tenant; {{title: …}} or {{id: …}} takes one that exists.
dataset:
  new:
    name: {name} {what}
    schema:
      propose: profile
    profile_enabled: false

# suggested, or rows. _{{tenant}} stands for the tenant's own prefix:
#   - {{source: {column}, target: "_{{tenant}}.{field}"}}
#   - {{expression: "upper({column})", target: "_{{tenant}}.{field}"}}
mapping: suggested
"""

_SCHEDULE: Final = """
# frequency: once, minute (interval 15 or more), hour, day or week. start needs a time zone.
# A one-time dataflow (once) has start only.
schedule:
  frequency: hour
  interval: 1
  start: {start}
  backfill: true
"""

_DELTA: Final = """\
  # Rows newer than the last run are found by this column; it must be one of the columns.
  load_incremental_by: {delta}
"""

_OPTIONS: Final = """
# Error diagnostics explain rows that fail; partial ingestion lets a share (percent) of them fail.
options:
  error_diagnostics: true
  partial_ingestion_percent: 5
"""


def example(source: str, start: datetime | None = None) -> str:
    """The example file for a source's slug. ``start`` is aware.

    Raises DefinitionError for a source that is unknown or cannot be built.
    """
    card = source_by_slug(source)
    if card.kind is None or not card.buildable:
        msg = f"{card.name} cannot be built here: Adobe documents no connection spec for it."
        raise DefinitionError(msg)
    chosen = _EXAMPLES.get(card.slug) or _by_kind(card, card.kind)
    text = _HEAD + _DATA[card.kind] + _DATASET + _SCHEDULE
    text += (_DELTA if card.kind == "tabular" else "") + _OPTIONS
    moment = (start or DEFAULT_START).astimezone(UTC).replace(microsecond=0)
    return text.format(
        name=card.name,
        slug=card.slug,
        start=moment.isoformat().replace("+00:00", "Z"),
        **chosen._asdict(),
    )


def _by_kind(card: Source, kind: SourceKind) -> _Example:
    account = f"{card.name} EU"
    named = card.example_objects[0] if card.example_objects else None
    if kind == "tabular":
        return _Example(account, named or "Orders", "data", "Modified_Date", "Name", "name")
    fallback = "records" if kind == "rest" else "/incoming/orders.csv"
    return _Example(account, named or fallback, "data", "", "name", "name")
