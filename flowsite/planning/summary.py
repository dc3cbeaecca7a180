"""What a plan says in words: the three groups of the review page."""

from __future__ import annotations

from flowsite.definitions.mapping_rules import unmapped
from flowsite.definitions.model import DataflowDefinition, Schedule
from flowsite.definitions.problems import listed
from flowsite.definitions.schedule import every
from flowsite.definitions.sources import find_source
from flowsite.planning.bodies import diagnostics_on
from flowsite.planning.facts import Facts
from flowsite.planning.plan import Group, Line
from flowsite.saying import say


def summarise(definition: DataflowDefinition, facts: Facts) -> tuple[Group, ...]:
    """The groups in the order of the steps that edit them."""
    return (
        Group(title="Account & data", step="account", lines=_account(definition, facts)),
        Group(title="Dataset & mapping", step="dataset", lines=_dataset(definition, facts)),
        Group(title="Schedule", step="schedule", lines=schedule_lines(definition.schedule)),
    )


def schedule_lines(schedule: Schedule) -> tuple[Line, ...]:
    lines = [Line(label=say("Frequency"), value=frequency_words(schedule))]
    if schedule.start is not None:
        lines.append(Line(label=say("Start time"), value=f"{schedule.start:%Y-%m-%d %H:%M:%S} UTC"))
    if schedule.recurring:
        lines.append(Line(label=say("Backfill"), value=_on(schedule.backfills)))
    if schedule.load_incremental_by:
        lines.append(
            Line(label=say("Load incremental data by"), value=schedule.load_incremental_by)
        )
    return tuple(lines)


def frequency_words(schedule: Schedule) -> str:
    """``Once``, ``Every hour`` or ``Every 15 minutes``."""
    return every(schedule.frequency, schedule.interval)


def _account(definition: DataflowDefinition, facts: Facts) -> tuple[Line, ...]:
    source = find_source(definition.account.source)
    data = definition.data
    account = facts.account_name or definition.account.name or facts.base_connection_id or "–"
    what = "Table" if data.table else "Resource" if data.resource else "File"
    lines = [
        Line(label="Source", value=source.name if source else definition.account.source),
        Line(label="Account", value=account),
        Line(label=what, value=data.object_name or "–"),
        Line(label="Columns", value=f"{len(facts.columns)} selected"),
    ]
    return tuple(lines)


def _dataset(definition: DataflowDefinition, facts: Facts) -> tuple[Line, ...]:
    options = definition.options
    lines = [Line(label="Dataflow name", value=definition.name)]
    if definition.description:
        lines.append(Line(label="Description", value=definition.description))
    lines += _target(definition, facts)
    lines.append(Line(label="Error diagnostics", value=_on(diagnostics_on(options))))
    if options.partial_ingestion_percent is not None:
        value = f"On, up to {options.partial_ingestion_percent} % of rows may fail"
        lines.append(Line(label="Partial ingestion", value=value))
    else:
        lines.append(Line(label="Partial ingestion", value="Off"))
    return (*lines, *_mapping(facts))


def _target(definition: DataflowDefinition, facts: Facts) -> list[Line]:
    new = definition.dataset.new
    if facts.dataset is not None or new is None:
        name = facts.dataset.name or facts.dataset.id if facts.dataset else "–"
        lines = [Line(label="Target dataset", value=f"Existing: {name}")]
    else:
        lines = [
            Line(label="Target dataset", value=f"New: {new.name}"),
            Line(label="Profile dataset", value=_on(new.profile_enabled)),
        ]
    if facts.proposed is not None and new is not None:
        choice = new.schema_choice
        title = (choice.title if choice else None) or new.name
        kind = {"profile": "profile", "event": "experience event"}[facts.proposed.kind]
        fields = f"{kind}, {len(facts.proposed.fields)} fields"
        lines.append(Line(label="Schema", value=f"New: {title} ({fields})"))
        if facts.proposed.identity_path:
            identity = f"{facts.proposed.identity_path} ({facts.proposed.identity_namespace})"
            lines.append(Line(label="Primary identity", value=identity))
    elif facts.schema_facts is not None:
        title = facts.schema_facts.title or facts.schema_facts.id
        lines.append(Line(label="Schema", value=f"Existing: {title}"))
    return lines


def _mapping(facts: Facts) -> list[Line]:
    calculated = sum(1 for row in facts.mapping if row.expression)
    lines = [Line(label="Mapped fields", value=str(len(facts.mapping)))]
    if calculated:
        lines.append(Line(label="Calculated fields", value=str(calculated)))
    dropped = [column.name for column in unmapped(facts.mapping, facts.columns)]
    if dropped:
        value = f"{len(dropped)}, silently dropped: {listed(dropped, limit=5)}"
        lines.append(Line(label="Unmapped columns", value=value))
    return lines


def _on(value: bool) -> str:
    return say("On") if value else say("Off")
