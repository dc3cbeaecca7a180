"""Sending a step's request, and finding out whether an earlier sending had its effect.

Both run in a thread and touch no database. Every answer is a dict with at least ``id``, which is
what later steps refer to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowsite.aep.platform import Platform
from flowsite.planning.plan import Step
from flowsite.saying import say
from flowsite.submissions import changes, finders
from flowsite.submissions.verdicts import Repeat

Result = dict[str, Any]


class Refused(Exception):
    """AEP answered, and the answer says that the plan can't go on."""

    def __init__(self, message: str, remedy: str = ""):
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class Request:
    """A step with every reference filled in. A look-up has no ``body``: it may hold secrets."""

    step: Step
    body: Any = field(repr=False)
    path: str
    sought: dict[str, Any]

    @property
    def target(self) -> str:
        """The object that a change is about."""
        return self.step.target_id or ""


def send(platform: Platform, request: Request) -> Result:
    """Makes the call. Raises AepError, Refused."""
    try:
        return SENDERS[request.step.operation](platform, request)
    except changes.ChangeFailed as error:
        raise Refused(str(error)) from error


def find(platform: Platform, request: Request, sent_at: datetime | None) -> list[Result]:
    """Everything that is there because the call was carried out. Raises AepError."""
    query = finders.Query(request.step, request.sought, sent_at)
    return finders.FINDERS[request.step.lookup.by](platform, query)


def repeat_of(step: Step) -> Repeat:
    """How the call may be repeated when its outcome is unknown."""
    return {
        "repeat": Repeat.FREELY,
        "object": Repeat.AFTER_COMPARING,
        "newest_runs": Repeat.NEVER,
    }.get(step.lookup.by, Repeat.AFTER_LOOKING)


def _created(answer: Any) -> Result:
    """What rows keep of an answer; ``alt_id`` is how the Schema Registry likes to be asked."""
    names = ("id", "etag", "version", "alt_id")
    found = {name: getattr(answer, name, None) for name in names}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _mapping_set(answer: Any) -> Result:
    """A new set has version 0, and the flow must name it."""
    return {"version": 0, **_created(answer)}


def _validate(platform: Platform, request: Request) -> Result:
    checks = platform.data_prep.validate(request.body)
    rows = request.body["mappings"]
    wrong = [
        f"{row.get('source')} → {row.get('destination')}: {check.errors or 'refused'}"
        for row, check in zip(rows, checks, strict=False)
        if not check.ok
    ]
    if wrong:
        raise Refused(
            say(
                "AEP refuses {count} of {count2} mappings. {names}",
                count=len(wrong),
                count2=len(rows),
                names="; ".join(wrong[:5]),
            ),
            remedy=say("Change these rows in the mapping step, then continue."),
        )
    return {}


def _profile_schema(platform: Platform, request: Request) -> Result:
    """The last part of the path names the schema."""
    return _created(platform.registry.enable_for_profile(request.path.rsplit("/", 1)[-1]))


def _delete_dataset(platform: Platform, request: Request) -> Result:
    """Never one with data in it."""
    if changes.holds_data(platform, request.target):
        raise Refused(say("The dataset holds data, so it was not deleted."))
    return changes.removed(platform.catalog.delete_dataset, request.target)


Sender = Callable[[Platform, Request], Result]
SENDERS: dict[str, Sender] = {
    "create_connection": lambda p, r: _created(p.flow_service.create_connection(r.body)),
    "create_field_group": lambda p, r: _created(p.registry.create_field_group(r.body)),
    "create_schema": lambda p, r: _created(p.registry.create_schema(r.body)),
    "create_descriptor": lambda p, r: _created(p.registry.create_descriptor(r.body)),
    "create_dataset": lambda p, r: _created(p.catalog.create_dataset(r.body)),
    "validate_mapping": _validate,
    "create_source_connection": lambda p, r: _created(
        p.flow_service.create_source_connection(r.body)
    ),
    "create_target_connection": lambda p, r: _created(
        p.flow_service.create_target_connection(r.body)
    ),
    "create_mapping_set": lambda p, r: _mapping_set(p.data_prep.create_mapping_set(r.body)),
    "create_flow": lambda p, r: _created(p.flow_service.create_flow(r.body)),
    "enable_schema_for_profile": _profile_schema,
    "enable_flow": lambda p, r: changes.switch(p, r.target, "enable"),
    "disable_flow": lambda p, r: changes.switch(p, r.target, "disable"),
    "patch_schedule": lambda p, r: changes.patch(p, r.target, r.body),
    "patch_mapping": lambda p, r: changes.patch(p, r.target, r.body),
    "replace_mapping_set": lambda p, r: _mapping_set(
        p.data_prep.replace_mapping_set(r.target, r.body)
    ),
    "create_run": lambda p, r: _created(p.flow_service.create_run(r.body)),
    "retry_run": lambda p, r: _created(p.flow_service.retry_run(r.target)),
    "delete_flow": lambda p, r: changes.removed(p.flow_service.delete_flow, r.target),
    "delete_source_connection": lambda p, r: changes.removed(
        p.flow_service.delete_source_connection, r.target
    ),
    "delete_target_connection": lambda p, r: changes.removed(
        p.flow_service.delete_target_connection, r.target
    ),
    "delete_connection": lambda p, r: changes.removed(p.flow_service.delete_connection, r.target),
    "delete_dataset": _delete_dataset,
    "delete_schema": lambda p, r: changes.removed(p.registry.delete_schema, r.target),
    "delete_field_group": lambda p, r: changes.removed(p.registry.delete_field_group, r.target),
}
