"""Everything that would fail late, found before the first create, as far as facts can tell.

What needs another call (validation by Data Prep, permissions) is added by whoever can make it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flowsite.aep.bodies import DATA_LAKE_SPEC_ID
from flowsite.definitions.columns import Column, is_date
from flowsite.definitions.complete import NO_DELTA_COLUMN, problems
from flowsite.definitions.mapping_rules import mapping_problems
from flowsite.definitions.model import DataflowDefinition
from flowsite.definitions.problems import Problem, Severity, StepName, listed
from flowsite.definitions.schedule import (
    PROFILE_BATCHES_PER_DAY,
    batches_per_day,
    start_problems,
)
from flowsite.definitions.xdm import TargetField
from flowsite.planning.facts import Facts
from flowsite.saying import say

_DELTA_CODES: Final = frozenset({NO_DELTA_COLUMN, "delta-not-chosen"})
_USABLE_STATES: Final = frozenset({"enabled"})
_MAJOR_VERSION: Final = "version=1"


def preflight(definition: DataflowDefinition, facts: Facts, now: datetime) -> list[Problem]:
    """Every finding, in the order of the steps. ``now`` is aware."""
    own = [problem for problem in problems(definition) if problem.code not in _DELTA_CODES]
    found = [
        *own,
        *_account(facts),
        *_columns(facts),
        *_dataset(definition, facts),
        *_mapping(definition, facts),
        *_delta(definition, facts),
        *start_problems(definition.schedule, now),
        *_guardrails(definition, facts),
    ]
    order: dict[StepName, int] = {
        "account": 0,
        "data": 1,
        "dataset": 2,
        "mapping": 3,
        "schedule": 4,
        "review": 5,
    }
    return sorted(found, key=lambda problem: order[problem.step])


def target_fields(facts: Facts) -> tuple[TargetField, ...]:
    """The fields that can be mapped to: proposed or read; empty when the schema was not read."""
    if facts.proposed is not None:
        return tuple(facts.proposed.target_fields())
    return facts.schema_facts.fields if facts.schema_facts else ()


def reaches_profile(definition: DataflowDefinition, facts: Facts) -> bool:
    """Whether the dataset's rows also go to Profile."""
    if facts.dataset is not None:
        return facts.dataset.profile_enabled
    return definition.dataset.new is not None and definition.dataset.new.profile_enabled


def _account(facts: Facts) -> list[Problem]:
    found = []
    state = facts.account_state
    if state is not None and state.lower() not in _USABLE_STATES:
        text = say(
            "The account is {state}; enable it in Adobe Experience Platform or choose another.",
            state=state,
        )
        found.append(Problem("account-not-enabled", "account", "account", text))
    spec = facts.flow_spec
    if spec.source_spec_ids and facts.connection_spec.id not in spec.source_spec_ids:
        text = say("The flow spec {name} does not serve this source.", name=spec.name)
        found.append(Problem("FLOW-1413", "account", "account.source", text))
    if spec.target_spec_ids and DATA_LAKE_SPEC_ID not in spec.target_spec_ids:
        text = say("The flow spec {name} does not lead to the data lake.", name=spec.name)
        found.append(Problem("FLOW-1306", "account", "account.source", text))
    return found


def _columns(facts: Facts) -> list[Problem]:
    if facts.columns:
        return []
    text = say("The source reports no columns here; choose another table, resource or file.")
    return [Problem("FLOW-1330", "data", "data.columns", text)]


def _dataset(definition: DataflowDefinition, facts: Facts) -> list[Problem]:
    found: list[Problem] = []
    if facts.dataflow_name_taken:
        text = say(
            "A dataflow called “{name}” exists already in this sandbox.", name=definition.name
        )
        found.append(_warning("name-taken", "dataset", "name", text))
    if facts.dataset is not None:
        found += _existing_dataset(facts)
    elif definition.dataset.new is not None:
        if facts.dataset_name_taken:
            text = say(
                "A dataset called “{name}” exists already.", name=definition.dataset.new.name
            )
            found.append(_warning("name-taken", "dataset", "dataset.new.name", text))
        if definition.dataset.new.profile_enabled:
            found += _profile_schema(facts)
    options = definition.options
    if not options.error_diagnostics and options.partial_ingestion_percent is None:
        text = say("Without error diagnostics, rows that fail cannot be explained.")
        field = "options.error_diagnostics"
        found.append(_warning("INGEST-1211", "dataset", field, text))
    return found


def _existing_dataset(facts: Facts) -> list[Problem]:
    """Schema id and version must be the same in mapping set, dataset and target (1425)."""
    dataset, schema = facts.dataset, facts.schema_facts
    if dataset is None:
        return []
    field = "dataset.existing"
    if schema is not None and schema.id != dataset.schema_id:
        text = say("The dataset has another schema than the one that the mapping was made for.")
        return [Problem("FLOW-1425", "dataset", field, text)]
    for content_type in (dataset.content_type, schema.content_type if schema else None):
        if content_type and _MAJOR_VERSION not in content_type.replace(" ", "").split(";"):
            text = say(
                "The schema's version “{content_type}” is not version 1, the only one in use.",
                content_type=content_type,
            )
            return [Problem("FLOW-1425", "dataset", field, text)]
    return []


def _profile_schema(facts: Facts) -> list[Problem]:
    schema = facts.schema_facts
    if schema is None:
        return []
    found = []
    field = "dataset.new.profile_enabled"
    if not schema.profile_enabled:
        text = say("The schema is not enabled for Profile; enable it first, or leave Profile off.")
        found.append(Problem("schema-not-for-profile", "dataset", field, text))
    if schema.fields and not any(one.primary_identity for one in schema.fields):
        text = say("The schema has no primary identity, so Profile could not use the rows.")
        severity: Severity = "warning" if _has_identity_map(schema.fields) else "error"
        found.append(Problem("no-primary-identity", "dataset", field, text, severity))
    return found


def _has_identity_map(fields: tuple[TargetField, ...]) -> bool:
    return any(field.path.split(".")[0] == "identityMap" for field in fields)


def _mapping(definition: DataflowDefinition, facts: Facts) -> list[Problem]:
    if not facts.mapping:
        if definition.mapping == "suggested":
            text = say("No column resembles a field of the schema; map at least one by hand.")
        else:
            text = say("Map at least one column.")
        return [Problem("FLOW-1370", "mapping", "mapping", text)]
    return mapping_problems(
        facts.mapping,
        facts.columns,
        target_fields(facts),
        profile_enabled=reaches_profile(definition, facts),
    )


def _delta(definition: DataflowDefinition, facts: Facts) -> list[Problem]:
    """The delta column of a recurring tabular dataflow is a chosen column that holds dates."""
    schedule = definition.schedule
    if facts.source_kind != "tabular" or not schedule.recurring:
        return []
    name = schedule.load_incremental_by
    dates = [column.name for column in facts.columns if is_date(column)]
    if not name:
        text = say(
            "A recurring dataflow needs the column to load incremental data by. {hint_words}",
            hint_words=_candidates(dates, facts),
        )
        return [_delta_problem(NO_DELTA_COLUMN, text)]
    column = next((one for one in facts.columns if one.name == name), None)
    if column is None:
        text = say(
            "“{name}” is not among the chosen columns. {hint_words}",
            name=name,
            hint_words=_candidates(dates, facts),
        )
        return [_delta_problem("delta-not-chosen", text)]
    return _delta_type(column, dates, facts)


def _delta_type(column: Column, dates: list[str], facts: Facts) -> list[Problem]:
    if is_date(column):
        return []
    if column.xdm_type == "string":
        text = say(
            "Nothing says that “{name}” holds dates; increments may stay empty.", name=column.name
        )
        return [_warning("delta-not-date", "schedule", "schedule.load_incremental_by", text)]
    text = say(
        "“{name}” holds {type} values, not dates. {hint_words}",
        name=column.name,
        type=column.xdm_type,
        hint_words=_candidates(dates, facts),
    )
    return [_delta_problem("delta-not-date", text)]


def _candidates(dates: list[str], facts: Facts) -> str:
    if dates:
        return say("Candidates: {names}.", names=listed(dates))
    names = listed(column.name for column in facts.columns)
    return say("None of the chosen columns is known as a date: {names}.", names=names)


def _guardrails(definition: DataflowDefinition, facts: Facts) -> list[Problem]:
    if not reaches_profile(definition, facts):
        return []
    batches = batches_per_day(definition.schedule)
    total = batches + facts.other_profile_batches_per_day
    if total <= PROFILE_BATCHES_PER_DAY:
        return []
    if total > batches:
        text = say(
            "{total} batches a day ({own} of this dataflow) go to Profile; "
            "Adobe advises at most {most} in a sandbox.",
            total=f"{total:.0f}",
            own=f"{batches:.0f}",
            most=PROFILE_BATCHES_PER_DAY,
        )
    else:
        text = say(
            "{total} batches a day go to Profile; Adobe advises at most {most} in a sandbox.",
            total=f"{total:.0f}",
            most=PROFILE_BATCHES_PER_DAY,
        )
    return [_warning("profile-guardrail", "schedule", "schedule.interval", text)]


def _delta_problem(code: str, message: str) -> Problem:
    return Problem(code, "schedule", "schedule.load_incremental_by", message)


def _warning(code: str, step: StepName, field: str, message: str) -> Problem:
    return Problem(code, step, field, message, "warning")
