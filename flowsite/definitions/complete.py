"""From a draft to a finished definition: what is still missing or contradicts itself.

These are the rules that need nothing but the document; what needs AEP's answers is the planner's
preflight. Both give the same kind of :class:`Problem`.
"""

from __future__ import annotations

from collections import Counter

from flowsite.definitions.fields import field_name_problems
from flowsite.definitions.model import (
    Account,
    Data,
    DataflowDefinition,
    Dataset,
    Mapping,
    NewDataset,
    Options,
    PartialDefinition,
    Schedule,
    SchemaChoice,
)
from flowsite.definitions.problems import (
    IncompleteDefinition,
    Problem,
    StepName,
    errors_of,
    listed,
)
from flowsite.definitions.schedule import schedule_problems
from flowsite.definitions.sources import SourceKind, find_source, unknown_source
from flowsite.saying import say

NO_DELTA_COLUMN = "FLOW-1367"
"""A recurring tabular dataflow without a delta column. Source: Flow Service error 1367."""

_OBJECT_FIELD: dict[SourceKind, str] = {"tabular": "table", "rest": "resource", "file": "path"}
_KIND_WORDS: dict[SourceKind, str] = {
    "tabular": say("a tabular source: give a table"),
    "rest": say("a REST source: give a resource"),
    "file": say("a file source: give a path"),
}


def complete(partial: PartialDefinition) -> DataflowDefinition:
    """The finished definition. Raises IncompleteDefinition with every problem that blocks.

    A missing delta column passes while all columns are chosen: only the preflight knows them and
    can name the candidates. The planner refuses it all the same.
    """
    unknown_columns = partial.data is not None and partial.data.columns == "all"
    blocking = [
        problem
        for problem in errors_of(problems(partial))
        if not (unknown_columns and problem.code == NO_DELTA_COLUMN)
    ]
    if blocking:
        raise IncompleteDefinition(blocking)
    given = {name: getattr(partial, name) for name in partial.__class__.model_fields}
    return DataflowDefinition(**{name: value for name, value in given.items() if value is not None})


def problems(partial: PartialDefinition) -> list[Problem]:
    """Everything wrong with or missing from the document itself, in the order of the steps."""
    source = find_source(partial.account.source) if partial.account else None
    kind = source.kind if source else None
    return [
        *_account_problems(partial.account),
        *_data_problems(partial.data, kind),
        *_detail_problems(partial),
        *_mapping_problems(partial.mapping),
        *_timing_problems(partial.schedule, kind, partial.data),
    ]


def _missing(step: StepName, field: str, message: str) -> Problem:
    return Problem("missing", step, field, message)


def _account_problems(account: Account | None) -> list[Problem]:
    if account is None:
        return [_missing("account", "account", say("Choose a source and an account."))]
    source = find_source(account.source)
    if source is None:
        return [
            Problem("unknown-source", "account", "account.source", unknown_source(account.source))
        ]
    if not source.buildable:
        text = say(
            "{name} cannot be built here: Adobe documents no connection spec for it.",
            name=source.name,
        )
        return [Problem("source-not-buildable", "account", "account.source", text)]
    if source.has_accounts and not (account.id or account.name):
        return [
            _missing("account", "account", say("Choose an account of {name}.", name=source.name))
        ]
    return []


def _data_problems(data: Data | None, kind: SourceKind | None) -> list[Problem]:
    if data is None:
        return [
            _missing("data", "data", say("Choose what to read: a table, a resource or a file."))
        ]
    found = _object_problems(data, kind) + _column_problems(data)
    if kind == "file" and data.file_type is None:
        found.append(_missing("data", "data.file_type", say("Choose the format of the file.")))
    if data.column_delimiter is not None and len(data.column_delimiter) != 1:
        text = say("The column delimiter is exactly one character.")
        found.append(Problem("FLOW-1331", "data", "data.column_delimiter", text))
    return found


def _object_problems(data: Data, kind: SourceKind | None) -> list[Problem]:
    given = [name for name in ("table", "resource", "path") if getattr(data, name)]
    if kind is None:
        return []
    wanted = _OBJECT_FIELD[kind]
    foreign = [name for name in given if name != wanted]
    if foreign:
        text = say(
            "This is {kind_words}, not a {foreign}.",
            kind_words=_KIND_WORDS[kind],
            foreign=foreign[0],
        )
        return [Problem("wrong-kind", "data", f"data.{foreign[0]}", text)]
    if not given and not (kind == "rest" and data.params is not None):
        return [
            _missing(
                "data", f"data.{wanted}", say("This is {kind_words}.", kind_words=_KIND_WORDS[kind])
            )
        ]
    return []


def _column_problems(data: Data) -> list[Problem]:
    if isinstance(data.columns, str):
        return []
    if not data.columns:
        return [_missing("data", "data.columns", say("Choose at least one column."))]
    twice = [name for name, count in Counter(data.columns).items() if count > 1]
    return [
        Problem(
            "listed-twice",
            "data",
            "data.columns",
            say("The column “{name}” is listed twice.", name=name),
        )
        for name in twice
    ]


def _detail_problems(partial: PartialDefinition) -> list[Problem]:
    found = []
    if not (partial.name or "").strip():
        found.append(_missing("dataset", "name", say("Give the dataflow a name.")))
    found += _dataset_problems(partial.dataset)
    found += _option_problems(partial.options)
    return found


def _dataset_problems(dataset: Dataset | None) -> list[Problem]:
    existing, new = (dataset.existing, dataset.new) if dataset else (None, None)
    if existing is not None and new is not None:
        text = say("Give either an existing dataset or a new one, not both.")
        return [Problem("contradiction", "dataset", "dataset", text)]
    if new is not None:
        return _new_dataset_problems(new)
    if existing is None:
        return [
            _missing("dataset", "dataset", say("Choose an existing dataset or describe a new one."))
        ]
    if existing.id or existing.name:
        return []
    return [_missing("dataset", "dataset.existing", say("Choose a dataset."))]


def _new_dataset_problems(new: NewDataset) -> list[Problem]:
    found = []
    if not new.name:
        found.append(
            _missing("dataset", "dataset.new.name", say("Give the output dataset a name."))
        )
    field = "dataset.new.schema"
    choice = new.schema_choice
    if choice is None or not (choice.id or choice.title or choice.propose):
        text = say("Choose a schema, or let one be proposed from the columns.")
        return [*found, _missing("dataset", field, text)]
    found += _schema_problems(choice, field)
    if new.profile_enabled and choice.propose and choice.identity is None:
        text = say(
            "A dataset for Profile needs a primary identity: choose its column and namespace."
        )
        found.append(_missing("dataset", f"{field}.identity", text))
    return found


def _schema_problems(choice: SchemaChoice, field: str) -> list[Problem]:
    if choice.propose is None:
        if choice.identity is None:
            return []
        text = say("An identity can be chosen for a proposed schema only.")
        return [Problem("contradiction", "dataset", f"{field}.identity", text)]
    if choice.id is not None:
        text = say("Give either the id of a schema or propose one, not both.")
        return [Problem("contradiction", "dataset", f"{field}.id", text)]
    found = []
    identity = choice.identity
    if identity is not None and not identity.column:
        text = say("Choose the identity's column.")
        found.append(_missing("dataset", f"{field}.identity.column", text))
    if identity is not None and not identity.namespace:
        text = say("Choose the identity's namespace.")
        found.append(_missing("dataset", f"{field}.identity.namespace", text))
    return found + field_name_problems(choice.fields or ())


def _option_problems(options: Options | None) -> list[Problem]:
    if options is None or options.partial_ingestion_percent is None:
        return []
    field = "options.partial_ingestion_percent"
    if not 0 < options.partial_ingestion_percent <= 100:
        text = say("The error threshold is more than 0 and at most 100 percent.")
        return [Problem("out-of-range", "dataset", field, text)]
    if not options.error_diagnostics:
        text = say("Partial ingestion turns error diagnostics on.")
        return [Problem("diagnostics-on", "dataset", "options.error_diagnostics", text, "warning")]
    return []


def _mapping_problems(mapping: Mapping | None) -> list[Problem]:
    if mapping is None:
        return [_missing("mapping", "mapping", say("Map the columns to fields of the schema."))]
    if isinstance(mapping, str):
        return []
    if not mapping:
        return [_missing("mapping", "mapping", say("Map at least one column."))]
    found = []
    for index, row in enumerate(mapping):
        field = f"mapping[{index}]"
        if row.source and row.expression:
            text = say("Give either a source column or an expression, not both.")
            found.append(Problem("contradiction", "mapping", field, text))
        elif not row.source and not row.expression:
            found.append(_missing("mapping", field, say("Give a source column or an expression.")))
        if not row.target:
            found.append(_missing("mapping", f"{field}.target", say("Choose a target field.")))
    return found


def _timing_problems(
    schedule: Schedule | None, kind: SourceKind | None, data: Data | None
) -> list[Problem]:
    if schedule is None:
        return [_missing("schedule", "schedule", say("Choose when the dataflow runs."))]
    return [
        *schedule_problems(schedule),
        *_delta_problems(schedule, kind, data),
        *_format_problems(schedule),
    ]


def _delta_problems(
    schedule: Schedule, kind: SourceKind | None, data: Data | None
) -> list[Problem]:
    field = "schedule.load_incremental_by"
    delta = schedule.load_incremental_by
    if not schedule.recurring or kind is None:
        return []
    if kind != "tabular":
        if delta is None:
            return []
        text = say(
            "Only a table is loaded by a column; this source keeps track by itself. Remove it."
        )
        return [Problem("delta-not-tabular", "schedule", field, text)]
    chosen = () if data is None or isinstance(data.columns, str) else data.columns
    if not delta:
        text = say("A recurring dataflow needs the column to load incremental data by.")
        if chosen:
            text = say(
                "A recurring dataflow needs the column to load incremental data by. "
                "Candidates: {names}.",
                names=listed(chosen),
            )
        return [Problem(NO_DELTA_COLUMN, "schedule", field, text)]
    if chosen and delta not in chosen:
        text = say(
            "“{delta}” is not among the chosen columns: {names}.", delta=delta, names=listed(chosen)
        )
        return [Problem("delta-not-chosen", "schedule", field, text)]
    return []


def _format_problems(schedule: Schedule) -> list[Problem]:
    """Java's ``YYYY`` is the week year and ``DD`` the day of the year: never what is meant."""
    text = schedule.date_format
    if text is None or not schedule.recurring or not ("Y" in text or "D" in text):
        return []
    message = say(
        "In a date format write yyyy for the year and dd for the day: yyyy-MM-dd HH:mm:ss."
    )
    return [Problem("week-year", "schedule", "schedule.date_format", message)]
