"""The dataflow document, in two types.

A draft holds a :class:`PartialDefinition`: any part may be missing, and parts may be half filled.
``flowsite.definitions.complete.complete`` turns it into a :class:`DataflowDefinition`, the only
type that the planner accepts. The parts are shared; what a finished part needs is a rule in
``complete``, not a type, so that nothing a user typed is refused by a draft.

In Python the schema choice of a new dataset is ``schema_choice``, in every serialised form
``schema`` (pydantic keeps the attribute ``schema`` for itself).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
)

MAX_NAME = 255
"""Longest name we send; AEP documents no limit."""

Frequency = Literal["once", "minute", "hour", "day", "week"]
FileType = Literal["delimited", "json", "parquet"]
Compression = Literal["bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar"]
ProposedKind = Literal["profile", "event"]

_EARLIEST_YEAR, _LATEST_YEAR = 1971, 9000
"""Years whose epoch seconds every part of the chain can hold."""


def is_storable(value: str) -> bool:
    """Whether PostgreSQL and UTF-8 can hold it: no NUL, no half of a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _storable(value: str) -> str:
    """Everything that can be held is kept byte for byte."""
    if not is_storable(value):
        msg = "contains a character that cannot be stored"
        raise ValueError(msg)
    return value


def _one_line(value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        msg = "must be a single line without control characters"
        raise ValueError(msg)
    return value


def _moment(value: object) -> object:
    """Take a date and time, never a bare number or date: those have no zone."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    msg = "must be a date and time with a zone, such as 2027-01-01T00:00:00Z"
    raise ValueError(msg)


def _utc_second(value: datetime) -> datetime:
    """AEP counts start times in whole seconds of UTC."""
    if not _EARLIEST_YEAR <= value.year <= _LATEST_YEAR:
        msg = f"must lie between the years {_EARLIEST_YEAR} and {_LATEST_YEAR}"
        raise ValueError(msg)
    return value.astimezone(UTC).replace(microsecond=0)


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_NAME),
    AfterValidator(_one_line),
    AfterValidator(_storable),
]
Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_utc_second)]


def _text_or_list(value: Any) -> str:
    """Choose the branch of "a word or a list", so that an error speaks of one of them only."""
    return "word" if isinstance(value, str) else "list"


class Part(BaseModel):
    """A frozen piece of the document; an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Account(Part):
    """The source (its slug in the catalogue) and one account; ``id`` decides over ``name``."""

    source: Text
    id: Text | None = None
    name: Text | None = None


Columns = Annotated[
    Annotated[Literal["all"], Tag("word")] | Annotated[tuple[Text, ...], Tag("list")],
    Discriminator(_text_or_list),
]


class Data(Part):
    """What is read: a ``table``, a REST ``resource`` or a file ``path``, and which columns of it.

    ``params`` holds further parameters of a REST source (its ``sourceSpec``): a campaign id.
    """

    table: Text | None = None
    resource: Text | None = None
    params: dict[str, JsonValue] | None = None
    path: Text | None = None
    file_type: FileType | None = None
    folder: Flag = False
    column_delimiter: Text | None = None
    compression: Compression | None = None
    columns: Columns = "all"

    @property
    def object_name(self) -> str:
        """The table, resource or path, whichever is given."""
        return self.table or self.resource or self.path or ""


class ExistingDataset(Part):
    """A dataset of the sandbox; ``id`` decides over ``name``."""

    id: Text | None = None
    name: Text | None = None


class Identity(Part):
    """The column that becomes the primary identity, and the code of its namespace."""

    column: Text = ""
    namespace: Text = ""


class FieldChoice(Part):
    """What the field of a column is called, where the proposal is not taken as it is."""

    column: Text = ""
    name: Text | None = None
    title: Text | None = None


class SchemaChoice(Part):
    """An existing schema (``id`` or ``title``), or one proposed from the columns (``propose``).

    With ``propose`` the ``title`` is the new schema's; without it, the title to look for.
    ``fields`` holds only those that differ from the proposal.
    """

    id: Text | None = None
    title: Text | None = None
    propose: ProposedKind | None = None
    identity: Identity | None = None
    fields: tuple[FieldChoice, ...] | None = None


class NewDataset(Part):
    """A dataset to be created."""

    name: Name = ""
    description: Text | None = None
    schema_choice: SchemaChoice | None = Field(default=None, alias="schema")
    profile_enabled: Flag = False


class Dataset(Part):
    """The target: exactly one of the two in a finished definition."""

    existing: ExistingDataset | None = None
    new: NewDataset | None = None


class MappingRow(Part):
    """One target field, fed by a column (``source``, named as explored) or an ``expression``."""

    source: Text | None = None
    expression: Text | None = None
    target: Text = ""


Mapping = Annotated[
    Annotated[Literal["suggested"], Tag("word")] | Annotated[tuple[MappingRow, ...], Tag("list")],
    Discriminator(_text_or_list),
]


class Schedule(Part):
    """When it runs. ``start`` is kept in whole seconds of UTC.

    ``backfill`` None means AEP's default, true; a one-time dataflow must not have it.
    """

    frequency: Frequency
    interval: Whole | None = None
    start: Moment | None = None
    backfill: Flag | None = None
    load_incremental_by: Text | None = None
    date_format: Text | None = None

    @property
    def recurring(self) -> bool:
        return self.frequency != "once"

    @property
    def backfills(self) -> bool:
        """Whether the first run also reads what existed before; ``once`` reads all anyway."""
        return self.recurring and self.backfill is not False


class Options(Part):
    """How runs treat bad rows. Unlike AEP's default, error diagnostics are on."""

    error_diagnostics: Flag = True
    partial_ingestion_percent: Whole | Fraction | None = None


class PartialDefinition(Part):
    """What a draft holds."""

    version: Literal[1] = 1
    name: Name | None = None
    description: Text | None = None
    account: Account | None = None
    data: Data | None = None
    dataset: Dataset | None = None
    mapping: Mapping | None = None
    schedule: Schedule | None = None
    options: Options | None = None


class DataflowDefinition(PartialDefinition):
    """A finished document; made by ``complete()``."""

    name: Name
    account: Account
    data: Data
    dataset: Dataset
    mapping: Mapping
    schedule: Schedule
    options: Options = Options()
