"""Objects in AEP that carry a submission's key and that no dataflow uses. For administrators.

Reads whole lists, so it takes a while in a large sandbox. Removal goes through a submission of its
own (``services.submit_cleanup``), which looks again before it deletes anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy

from flowsite.aep.flow_service.flows import Flow
from flowsite.aep.platform import Platform
from flowsite.credentials.models import Sandbox
from flowsite.planning.bodies import TAG
from flowsite.planning.facts import Place
from flowsite.planning.places import CATALOG, FLOW_SERVICE, REGISTRY
from flowsite.planning.plan import Lookup, Operation, PlanPlace, Step, SubmissionPlan
from flowsite.planning.words import plan_place, shown
from flowsite.saying import say
from flowsite.submissions.changes import holds_data
from flowsite.submissions.models import OPEN, Submission

#: How names, titles and descriptions carry a key, with the generation of replaced objects.
MARK = re.compile(r"\[([0-9a-f]{16})(?:-\d+)?\]$")


@dataclass(frozen=True)
class Orphan:
    """``why_not`` says why it can't be removed here; empty: it can."""

    kind: str
    id: str
    name: str
    key: str
    #: None: the key is not of this installation.
    submission_id: int | None = None
    why_not: str = ""
    #: How others refer to it, and what it refers to itself.
    ref: str = ""
    uses: frozenset[str] = frozenset()

    @property
    def removable(self) -> bool:
        return not self.why_not


@dataclass(frozen=True)
class _Kind:
    """How objects of a kind are deleted, and after which others."""

    words: str
    operation: Operation | None
    path: str
    stage: int


_KINDS = {
    "dataflow": _Kind(gettext_lazy("Dataflow"), None, "", 0),
    "source": _Kind(
        gettext_lazy("Source connection"),
        "delete_source_connection",
        f"{FLOW_SERVICE}/sourceConnections",
        0,
    ),
    "target": _Kind(
        gettext_lazy("Target connection"),
        "delete_target_connection",
        f"{FLOW_SERVICE}/targetConnections",
        0,
    ),
    "mapping": _Kind(gettext_lazy("Mapping set"), None, "", 0),
    "dataset": _Kind(gettext_lazy("Dataset"), "delete_dataset", f"{CATALOG}/dataSets", 1),
    "schema": _Kind(gettext_lazy("Schema"), "delete_schema", f"{REGISTRY}/tenant/schemas", 2),
    "group": _Kind(
        gettext_lazy("Field group"), "delete_field_group", f"{REGISTRY}/tenant/fieldgroups", 3
    ),
}
_FOREIGN = gettext_lazy("Its key is not of this installation: another one may use it.")
_RUNS = gettext_lazy("It runs. Delete it as a dataflow if nobody needs it.")
_NO_CALL = gettext_lazy("Adobe offers no call that deletes a mapping set. It does no harm.")
_HAS_DATA = gettext_lazy("It holds data.")


def find_orphans(platform: Platform, sandbox: Sandbox) -> list[Orphan]:
    """Everything with a key of ours that belongs to no dataflow. Raises AepError.

    Objects of a submission that is under way or waits for a person are listed there, not here.
    """
    flows = list(platform.flow_service.flows())
    carriers = [*_flows(flows, sandbox), *_connections(platform, flows), *_data(platform, flows)]
    ours = dict(Submission.objects.filter(sandbox=sandbox).values_list("key", "pk"))
    busy = set(
        Submission.objects.filter(sandbox=sandbox, state__in=OPEN).values_list("key", flat=True)
    )
    found = []
    for one in carriers:
        if one.key not in busy:
            foreign = "" if one.key in ours else _FOREIGN
            found.append(
                replace(one, submission_id=ours.get(one.key), why_not=one.why_not or foreign)
            )
    return found


def words_of(orphan: Orphan) -> str:
    """What people call its kind."""
    return _KINDS[orphan.kind].words


def cleanup_plan(
    orphans: list[Orphan], wanted: Collection[str], key: str, place: Place
) -> SubmissionPlan:
    """Deletes those whose ids are wanted, users before what they use.

    Left out: what can't be removed, and what an orphan that stays still uses.
    """
    chosen = [one for one in orphans if one.removable and one.id in wanted]
    while True:
        staying = frozenset().union(*(one.uses for one in orphans if one not in chosen))
        free = [one for one in chosen if one.ref not in staying]
        if len(free) == len(chosen):
            break
        chosen = free
    chosen.sort(key=lambda one: _KINDS[one.kind].stage)
    steps = tuple(_removal(number, chosen) for number in range(len(chosen)))
    where: PlanPlace = plan_place(place)
    return SubmissionPlan(key=key, kind="delete", steps=steps, place=where)


def _removal(number: int, chosen: list[Orphan]) -> Step:
    orphan = chosen[number]
    kind = _KINDS[orphan.kind]
    assert kind.operation is not None, "what has no delete call is never removable"  # noqa: S101
    users = [_step_key(i, one) for i, one in enumerate(chosen) if orphan.ref in one.uses]
    return Step(
        key=_step_key(number, orphan),
        operation=kind.operation,
        method="DELETE",
        path=f"{kind.path}/{orphan.id}",
        title=say("Delete {what}", what=f"{kind.words.lower()} {shown(orphan.name)}"),
        depends_on=tuple(users),
        lookup=Lookup(by="object"),
        target_id=orphan.id,
    )


def _step_key(number: int, orphan: Orphan) -> str:
    return f"{orphan.kind}_{number + 1}"


def _key_in(*texts: str) -> str:
    for text in texts:
        if match := MARK.search(text.strip()):
            return match[1]
    return ""


def _flows(flows: list[Flow], sandbox: Sandbox) -> Iterator[Orphan]:
    """Dataflows that were made by a submission which doesn't know them."""
    known = set(
        Submission.objects.filter(sandbox=sandbox, dataflow__isnull=False).values_list(
            "dataflow__flow_id", flat=True
        )
    )
    for flow in flows:
        if (key := _key_in(flow.description)) and flow.id not in known:
            yield Orphan("dataflow", flow.id, flow.name, key, why_not=_RUNS)


def _connections(platform: Platform, flows: list[Flow]) -> Iterator[Orphan]:
    sources = {one for flow in flows for one in flow.source_connection_ids}
    targets = {one for flow in flows for one in flow.target_connection_ids}
    mappings = {flow.mapping_set_id for flow in flows}
    for source in platform.flow_service.source_connections():
        if (key := _key_in(source.name, source.description)) and source.id not in sources:
            yield Orphan("source", source.id, source.name, key, ref=source.id)
    for target in platform.flow_service.target_connections():
        if (key := _key_in(target.name, target.description)) and target.id not in targets:
            uses = frozenset({target.dataset_id, target.schema_id})
            yield Orphan("target", target.id, target.name, key, ref=target.id, uses=uses)
    for mapping in platform.data_prep.mapping_sets():
        if (key := _key_in(mapping.name)) and mapping.id not in mappings:
            yield Orphan("mapping", mapping.id, mapping.name, key, why_not=_NO_CALL)


def _data(platform: Platform, flows: list[Flow]) -> Iterator[Orphan]:
    """Datasets, schemas and field groups. A schema is free once all its datasets are orphans."""
    targets = {one for flow in flows for one in flow.target_connection_ids}
    used = {
        one.dataset_id for one in platform.flow_service.target_connections() if one.id in targets
    }
    schemas_in_use, groups_in_use = set(), set()
    for dataset in platform.catalog.datasets():
        tags = dataset.tags.get(TAG, ())
        key = tags[0].split("-")[0] if tags else ""
        if not key or dataset.id in used:
            schemas_in_use.add(dataset.schema_id)
            continue
        why_not = _HAS_DATA if holds_data(platform, dataset.id) else ""
        if why_not:
            schemas_in_use.add(dataset.schema_id)
        uses = frozenset({dataset.schema_id})
        yield Orphan("dataset", dataset.id, dataset.name, key, None, why_not, dataset.id, uses)
    for schema in platform.registry.resources("schemas", full=True):
        key = _key_in(schema.title)
        if key and schema.id not in schemas_in_use:
            identifier, uses = schema.alt_id or schema.id, frozenset(_groups_of(schema.raw))
            yield Orphan("schema", identifier, schema.title, key, ref=schema.id, uses=uses)
        else:
            groups_in_use |= _groups_of(schema.raw)
    for group in platform.registry.field_groups():
        if (key := _key_in(group.title)) and group.id not in groups_in_use:
            yield Orphan("group", group.alt_id or group.id, group.title, key, ref=group.id)


def _groups_of(schema: dict[str, Any]) -> set[str]:
    parts = schema.get("allOf")
    return {str(one.get("$ref")) for one in parts if isinstance(one, dict)} if parts else set()
