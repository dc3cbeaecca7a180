"""The review page: the definition in three groups, and what submitting it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from flowsite.core.wording import words
from flowsite.definitions.model import Dataset, Options, PartialDefinition
from flowsite.definitions.problems import Problem, StepName
from flowsite.definitions.sources import find_source
from flowsite.drafts.models import Draft
from flowsite.planning.facts import Facts
from flowsite.planning.plan import SubmissionPlan
from flowsite.planning.summary import schedule_lines
from flowsite.submissions.selectors import OBJECTS
from flowsite.wizard.steps import LABELS, step_url
from flowsite.wizard.words import Finding, anchor


@dataclass(frozen=True)
class Group:
    """A card of the review, and the steps that change it."""

    title: str
    items: list[dict[str, Any]]
    edits: list[tuple[str, str]]


def groups(draft: Draft, definition: PartialDefinition) -> list[Group]:
    """From the draft alone, so that the page is there at once."""
    return [
        Group(_("Account and data"), _source(definition), _edits(draft, "account", "data")),
        Group(_("Dataset and mapping"), _target(definition), _edits(draft, "dataset", "mapping")),
        Group(_("Schedule"), _schedule(definition), _edits(draft, "schedule")),
    ]


def _edits(draft: Draft, *names: StepName) -> list[tuple[str, str]]:
    return [(str(LABELS[name]), step_url(draft, name)) for name in names]


def _item(term: Any, value: Any, **more: Any) -> dict[str, Any]:
    return {"term": str(term), "value": value or None, **more}


def _source(definition: PartialDefinition) -> list[dict[str, Any]]:
    account, data = definition.account, definition.data
    source = find_source(account.source) if account else None
    items = [
        _item(_("Source"), source.name if source else account and account.source),
        _item(_("Account"), account and (account.name or account.id)),
    ]
    if data is None:
        return [*items, _item(_("Table"), None)]
    word = _("Resource") if data.resource else _("File") if data.path else _("Table")
    columns = _("All") if isinstance(data.columns, str) else str(len(data.columns))
    items.append(_item(word, data.object_name, mono=True))
    if data.params:
        given = ", ".join(f"{key}: {value}" for key, value in data.params.items())
        items.append(_item(_("Parameters"), given))
    return [*items, _item(_("Columns"), columns)]


def _target(definition: PartialDefinition) -> list[dict[str, Any]]:
    mapping = definition.mapping
    if mapping is None:
        mapped = None
    elif isinstance(mapping, str):
        mapped = _("As suggested")
    else:
        mapped = _("%(n)d rows") % {"n": len(mapping)}
    return [
        _item(_("Dataflow name"), definition.name),
        *([_item(_("Description"), definition.description)] if definition.description else []),
        *_dataset(definition.dataset),
        *_options(definition.options or Options()),
        _item(_("Mapping"), mapped),
    ]


def _dataset(dataset: Dataset | None) -> list[dict[str, Any]]:
    if dataset is None or (dataset.new is None and dataset.existing is None):
        return [_item(_("Target dataset"), None)]
    if dataset.existing is not None:
        name = dataset.existing.name or dataset.existing.id
        return [_item(_("Target dataset"), name and _("Existing: %(name)s") % {"name": name})]
    new = dataset.new
    if new is None:
        return []
    choice = new.schema_choice
    items = [_item(_("Target dataset"), new.name and _("New: %(name)s") % {"name": new.name})]
    if choice is None:
        items.append(_item(_("Schema"), None))
    elif choice.propose is None:
        name = choice.title or choice.id
        items.append(_item(_("Schema"), name and _("Existing: %(name)s") % {"name": name}))
    else:
        kind = {"profile": _("Individual Profile"), "event": _("ExperienceEvent")}[choice.propose]
        values = {"name": choice.title or new.name, "kind": kind}
        items.append(_item(_("Schema"), _("New: %(name)s (%(kind)s)") % values))
        if choice.identity and choice.identity.column:
            identity = f"{choice.identity.column} ({choice.identity.namespace or '–'})"
            items.append(_item(_("Primary identity"), identity))
    items.append(_item(_("Profile dataset"), _on(new.profile_enabled)))
    return items


def _options(options: Options) -> list[dict[str, Any]]:
    percent = options.partial_ingestion_percent
    partial = _("Up to %(n)s %% of the rows may fail") % {"n": percent}
    return [
        _item(_("Error diagnostics"), _on(options.error_diagnostics or percent is not None)),
        _item(_("Partial ingestion"), _("Off") if percent is None else partial),
    ]


def _schedule(definition: PartialDefinition) -> list[dict[str, Any]]:
    if definition.schedule is None:
        return [_item(_("Frequency"), None)]
    return [
        _item(words(line.label), words(line.value)) for line in schedule_lines(definition.schedule)
    ]


def _on(value: bool) -> str:
    return _("On") if value else _("Off")


def findings(draft: Draft, problems: list[Problem]) -> list[Finding]:
    """Each with a link to the field that mends it; what blocks comes first."""
    found = [
        Finding(
            words(one.message),
            one.blocks,
            "" if one.step == "review" else f"{step_url(draft, one.step)}#{anchor(one)}",
            str(LABELS[one.step]),
            one.code,
        )
        for one in problems
    ]
    return sorted(found, key=lambda one: not one.error)


def created(plan: SubmissionPlan) -> list[str]:
    """What would come to exist in AEP."""
    return [step.title for step in plan.steps if step.operation in OBJECTS]


def reused(facts: Facts) -> list[tuple[str, str]]:
    """What exists already: kind and name."""
    found = []
    if facts.base_connection_id:
        found.append((_("Account"), facts.account_name or facts.base_connection_id))
    if facts.schema_facts is not None:
        found.append((_("Schema"), facts.schema_facts.title or facts.schema_facts.id))
    if facts.dataset is not None:
        found.append((_("Dataset"), facts.dataset.name or facts.dataset.id))
    return found
