"""Everything that would fail late, found before the first create.

The pure rules are ``planning.preflight``; here AEP is asked what it thinks of the mapping. Nothing
is stored by these calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.aep.platform import Platform
from flowsite.definitions.model import DataflowDefinition
from flowsite.definitions.problems import Problem, errors_of
from flowsite.planning import preflight as rules
from flowsite.planning.bodies import mapping_set_body
from flowsite.planning.facts import Facts
from flowsite.saying import say
from flowsite.submissions.reading import side_by_side
from flowsite.submissions.words import sentence

#: Expressions checked one by one for a schema that doesn't exist yet.
MOST_EXPRESSIONS = 40


def findings(
    definition: DataflowDefinition, facts: Facts, platform: Platform, *, again: bool = True
) -> list[Problem]:
    """Every finding in the order of the steps; errors block, warnings ask.

    ``again`` False makes a dataflow name that is taken an error. Raises AepError when AEP can't be
    asked for now.
    """
    found = rules.preflight(definition, facts, timezone.now())
    if not again and facts.dataflow_name_taken:
        found = [_taken(definition) if _is_taken(one) else one for one in found]
    broken_mapping = any(problem.step == "mapping" for problem in errors_of(found))
    if facts.mapping and not broken_mapping:
        found += _mapping_findings(facts, platform)
    return found


def _mapping_findings(facts: Facts, platform: Platform) -> list[Problem]:
    try:
        if facts.proposed is None and facts.schema_facts is not None:
            return _validated(facts, facts.schema_facts.id, platform)
        return _expressions(facts, platform)
    except AepError as error:
        if not error.permanent:
            raise
        return [Problem(error.code or "aep", "mapping", "mapping", sentence(error))]


def _validated(facts: Facts, schema_id: str, platform: Platform) -> list[Problem]:
    body = mapping_set_body(facts.mapping, facts.columns, schema_id, name="preflight")
    checks = platform.data_prep.validate(body)
    return [
        _refused(index, row.target, check.errors)
        for index, (row, check) in enumerate(zip(facts.mapping, checks, strict=False))
        if not check.ok
    ]


def _expressions(facts: Facts, platform: Platform) -> list[Problem]:
    """The schema doesn't exist yet: its paths are our own business, expressions are AEP's."""
    rows = [(index, row) for index, row in enumerate(facts.mapping) if row.expression]

    def check(expression: str) -> Callable[[], Any]:
        return lambda: platform.data_prep.validate_expression(expression)

    asked = {str(index): check(row.expression or "") for index, row in rows[:MOST_EXPRESSIONS]}
    answers = side_by_side(**asked) if asked else {}
    return [
        _refused(index, row.target, (answers[str(index)].error,))
        for index, row in rows[:MOST_EXPRESSIONS]
        if not answers[str(index)].ok
    ]


def _refused(index: int, target: str, errors: tuple[str, ...]) -> Problem:
    words = "; ".join(one for one in errors if one) or say("AEP gives no reason.")
    text = say("AEP refuses the row for {target}: {words}", target=target, words=words)
    return Problem("mapping-refused", "mapping", f"mapping[{index}]", text)


def _is_taken(problem: Problem) -> bool:
    return problem.code == "name-taken" and problem.field == "name"


def _taken(definition: DataflowDefinition) -> Problem:
    text = (
        f"A dataflow called “{definition.name}” exists already in this sandbox. "
        "Choose another name, or make a second one on purpose with --again."
    )
    return Problem("name-taken", "dataset", "name", text)
