"""From a finished definition and the facts to the plan that creates the dataflow. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from flowsite.definitions.complete import problems
from flowsite.definitions.model import DataflowDefinition, NewDataset, SchemaChoice
from flowsite.definitions.problems import IncompleteDefinition, errors_of
from flowsite.definitions.sources import find_source, source_by_spec
from flowsite.definitions.xdm import ProposedSchema
from flowsite.planning import bodies
from flowsite.planning.facts import Facts
from flowsite.planning.places import CATALOG, DATA_PREP, FLOW_SERVICE, REGISTRY
from flowsite.planning.plan import (
    Lookup,
    Ref,
    Step,
    SubmissionPlan,
    references,
)
from flowsite.planning.summary import summarise
from flowsite.planning.words import plan_place, shown
from flowsite.saying import say


def build_plan(definition: DataflowDefinition, facts: Facts, key: str) -> SubmissionPlan:
    """The requests that create what the definition describes, each after what it depends on.

    ``key`` is the submission's; every created object carries it where it can be found again.
    Raises IncompleteDefinition for a definition that breaks its own rules.
    """
    blocking = errors_of(problems(definition))
    if blocking:
        raise IncompleteDefinition(blocking)
    builder = _Builder(definition, facts, key)
    return SubmissionPlan(
        key=key,
        kind="dataflow",
        steps=builder.steps(),
        summary=summarise(definition, facts),
        place=plan_place(facts.place),
    )


def depends_on(body: JsonValue, *others: str) -> tuple[str, ...]:
    """The steps that a body refers to, and others, each once."""
    return tuple(dict.fromkeys([*(ref.step_key for ref in references(body)), *others]))


class _Builder:
    """Writes the steps; the schema and the dataset are ids that exist, or references to a step."""

    def __init__(self, definition: DataflowDefinition, facts: Facts, key: str) -> None:
        self.definition = definition
        self.facts = facts
        self.key = key
        self.name = definition.name
        self.mapping_name = bodies.marked(self.name, key, "mapping")

    def steps(self) -> tuple[Step, ...]:
        before_dataset = self._schema_steps()
        steps = [*before_dataset, *self._dataset_steps(before_dataset)]
        if self.facts.proposed is not None:
            steps.append(self._validate_step())
        steps += [self._source_step(), self._target_step(), self._mapping_step()]
        steps.append(self._flow_step([step.key for step in steps]))
        return tuple(steps)

    @property
    def schema(self) -> JsonValue:
        facts = self.facts
        if facts.proposed is not None:
            return Ref("schema").as_json()
        if facts.schema_facts is not None:
            return facts.schema_facts.id
        return facts.dataset.schema_id if facts.dataset else ""

    @property
    def dataset(self) -> JsonValue:
        return self.facts.dataset.id if self.facts.dataset else Ref("dataset").as_json()

    def _schema_steps(self) -> list[Step]:
        new = self.definition.dataset.new
        proposed = self.facts.proposed
        if new is None or new.schema_choice is None or proposed is None:
            return []
        steps = self._proposed_steps(new, new.schema_choice, proposed)
        if proposed.identity_path is not None:
            steps.append(self._identity_step(proposed))
        if new.profile_enabled:
            steps.append(_profile_step([step.key for step in steps]))
        return steps

    def _proposed_steps(
        self, new: NewDataset, choice: SchemaChoice, proposed: ProposedSchema
    ) -> list[Step]:
        title = choice.title or new.name
        group_title = bodies.marked(title, self.key, "fields")
        schema_title = bodies.marked(title, self.key)
        group = Step(
            key="field_group",
            operation="create_field_group",
            method="POST",
            path=f"{REGISTRY}/tenant/fieldgroups",
            title=say("Create field group {group_title}", group_title=shown(group_title)),
            body=bodies.field_group_body(proposed, title=group_title, key=self.key),
            key_field="title",
            lookup=Lookup(by="field_group_title", match={"title": group_title}),
        )
        body = bodies.schema_body(
            proposed.kind, Ref("field_group").as_json(), title=schema_title, key=self.key
        )
        schema = Step(
            key="schema",
            operation="create_schema",
            method="POST",
            path=f"{REGISTRY}/tenant/schemas",
            title=say("Create schema {schema_title}", schema_title=shown(schema_title)),
            body=body,
            depends_on=depends_on(body),
            key_field="title",
            lookup=Lookup(by="schema_title", match={"title": schema_title}),
        )
        return [group, schema]

    def _identity_step(self, proposed: ProposedSchema) -> Step:
        path, namespace = proposed.identity_path or "", proposed.identity_namespace or ""
        body = bodies.identity_body(self.schema, path=path, namespace=namespace)
        same = ("@type", "xdm:sourceSchema", "xdm:sourceProperty")
        return Step(
            key="descriptor",
            operation="create_descriptor",
            method="POST",
            path=f"{REGISTRY}/tenant/descriptors",
            title=say(
                "Make {path} the primary identity ({namespace})", path=path, namespace=namespace
            ),
            body=body,
            depends_on=depends_on(body),
            lookup=Lookup(by="descriptor_content", match={name: body[name] for name in same}),
        )

    def _dataset_steps(self, before: Sequence[Step]) -> list[Step]:
        new = self.definition.dataset.new
        if self.facts.dataset is not None or new is None:
            return []
        on = bodies.diagnostics_on(self.definition.options)
        body = bodies.dataset_body(new, self.schema, diagnostics=on, key=self.key)
        # A dataset for Profile is of no use before its schema has an identity and the union tag.
        others = [step.key for step in before] if new.profile_enabled else []
        match: dict[str, JsonValue] = {"tag": bodies.TAG, "value": self.key, "name": new.name}
        return [
            Step(
                key="dataset",
                operation="create_dataset",
                method="POST",
                path=f"{CATALOG}/dataSets?requestDataSource=true",
                title=say("Create dataset {name}", name=shown(new.name)),
                body=body,
                depends_on=depends_on(body, *others),
                key_field=f"tags.{bodies.TAG}",
                lookup=Lookup(by="dataset_tag", match=match),
            )
        ]

    def _mapping_body(self) -> bodies.Body:
        return bodies.mapping_set_body(
            self.facts.mapping, self.facts.columns, self.schema, name=self.mapping_name
        )

    def _validate_step(self) -> Step:
        body = self._mapping_body()
        return Step(
            key="validate_mapping",
            operation="validate_mapping",
            method="POST",
            path=f"{DATA_PREP}/mappingSets/validate",
            title=say("Validate the mapping against the new schema"),
            body=body,
            depends_on=depends_on(body),
        )

    def _mapping_step(self) -> Step:
        body = self._mapping_body()
        others = ("validate_mapping",) if self.facts.proposed is not None else ()
        return Step(
            key="mapping_set",
            operation="create_mapping_set",
            method="POST",
            path=f"{DATA_PREP}/mappingSets",
            title=say("Create mapping set {mapping_name}", mapping_name=shown(self.mapping_name)),
            body=body,
            depends_on=depends_on(body, *others),
            key_field="name",
            lookup=Lookup(by="mapping_set_name", match={"name": self.mapping_name}),
        )

    def _source_step(self) -> Step:
        name = bodies.marked(self.name, self.key, "source")
        match: dict[str, JsonValue] = {"name": name}
        if self.facts.base_connection_id is not None:
            match["baseConnectionId"] = self.facts.base_connection_id
        return Step(
            key="source_connection",
            operation="create_source_connection",
            method="POST",
            path=f"{FLOW_SERVICE}/sourceConnections",
            title=say("Create source connection {name}", name=shown(name)),
            body=bodies.source_connection_body(
                self.definition.data,
                self.facts,
                name=name,
                description=self.definition.description,
                key=self.key,
            ),
            key_field="name",
            lookup=Lookup(by="source_connection_name", match=match),
        )

    def _target_step(self) -> Step:
        name = bodies.marked(self.name, self.key, "target")
        body = bodies.target_connection_body(
            self.schema,
            self.dataset,
            name=name,
            description=self.definition.description,
            key=self.key,
        )
        return Step(
            key="target_connection",
            operation="create_target_connection",
            method="POST",
            path=f"{FLOW_SERVICE}/targetConnections",
            title=say("Create target connection {name}", name=shown(name)),
            body=body,
            depends_on=depends_on(body),
            key_field="name",
            lookup=Lookup(by="target_connection_name", match={"name": name}),
        )

    def _flow_step(self, before: Sequence[str]) -> Step:
        source = Ref("source_connection").as_json()
        body = bodies.flow_body(
            name=self.name,
            description=self.definition.description,
            key=self.key,
            flow_spec=self.facts.flow_spec,
            source=source,
            target=Ref("target_connection").as_json(),
            transformations=self._transformations(),
            schedule=self.definition.schedule,
            options=self.definition.options,
        )
        return Step(
            key="flow",
            operation="create_flow",
            method="POST",
            path=f"{FLOW_SERVICE}/flows",
            title=say("Create dataflow {name}", name=shown(self.name)),
            body=body,
            depends_on=depends_on(body, *before),
            key_field="description",
            lookup=Lookup(by="flow_source_connection", match={"sourceConnectionId": source}),
        )

    def _transformations(self) -> list[bodies.Body]:
        version = Ref("mapping_set", "version").as_json()
        mapping = bodies.mapping_transformation(Ref("mapping_set").as_json(), version)
        schedule = self.definition.schedule
        column = schedule.load_incremental_by
        # Copy is forbidden for one-time dataflows (1369) and unknown to REST and file sources.
        if self.facts.source_kind != "tabular" or not schedule.recurring or column is None:
            return [mapping]
        return [bodies.copy_transformation(column, self._date_format()), mapping]

    def _date_format(self) -> str:
        given = self.definition.schedule.date_format
        source = source_by_spec(self.facts.connection_spec.id) or find_source(
            self.definition.account.source
        )
        return given or (source.delta_date_format if source else "yyyy-MM-dd HH:mm:ss")


def _profile_step(before: Sequence[str]) -> Step:
    return Step(
        key="profile_schema",
        operation="enable_schema_for_profile",
        method="PATCH",
        path=f"{REGISTRY}/tenant/schemas/{{schema.alt_id}}",
        title=say("Enable the schema for Profile (cannot be undone)"),
        body=[{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}],
        depends_on=tuple(before),
        lookup=Lookup(by="repeat"),
    )
