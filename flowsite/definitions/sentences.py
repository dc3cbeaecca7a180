"""pydantic's errors as sentences that name the key, for files and forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.problems import DefinitionError, Problem, StepName, listed, nearest

MAX_SENTENCES: Final = 10
_MAX_SHOWN: Final = 60
_BRANCHES: Final = frozenset({"word", "list"})
_STEPS: Final[dict[str, StepName]] = {
    "account": "account",
    "data": "data",
    "mapping": "mapping",
    "schedule": "schedule",
}
_MUST_BE: Final = {
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a block of keys",
}

Location = tuple[int | str, ...]


def definition_error(error: ValidationError) -> DefinitionError:
    """One error for all of pydantic's, a sentence on each line, no value longer than a line."""
    details = error.errors(include_url=False, include_context=True)
    found = {_location(detail): detail for detail in details}
    problems = [_problem(location, detail) for location, detail in found.items()]
    lines = [problem.message for problem in problems[:MAX_SENTENCES]]
    if len(problems) > MAX_SENTENCES:
        lines.append(f"… and {len(problems) - MAX_SENTENCES} more.")
    return DefinitionError("\n".join(lines), problems)


def path_text(location: Sequence[int | str]) -> str:
    """``("mapping", 3, "target")`` becomes ``mapping[3].target``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _problem(location: Location, detail: ErrorDetails) -> Problem:
    path = path_text(location)
    step = _STEPS.get(str(location[0]) if location else "", "dataset")
    return Problem(detail["type"], step, path, _sentence(path, location, detail))


def _location(detail: ErrorDetails) -> Location:
    """Where it is in the document, without the branches of a union."""
    parts: list[int | str] = []
    for part in detail["loc"]:
        after = parts[-1] if parts else None
        if after in ("columns", "mapping") and part in _BRANCHES:
            continue
        if after == "partial_ingestion_percent":
            continue
        parts.append(part)
    return tuple(parts)


def _sentence(path: str, location: Location, detail: ErrorDetails) -> str:
    kind = detail["type"]
    shown = _shown(detail["input"])
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind == "missing":
        return f"{path} is missing."
    if kind == "literal_error":
        expected = str(detail["ctx"]["expected"]).replace("'", "")
        words = f"the word {expected} or a list" if "word" in detail["loc"] else expected
        return f"{path} must be {words}, not {shown}."
    if kind == "timezone_aware":
        return f"{path} needs a time zone: write it like 2027-01-01T00:00:00Z."
    if kind == "model_type":
        return f"{path} must be a block with the keys {listed(_keys_at(location))}, not {shown}."
    if kind == "value_error":
        return f"{path} {detail['ctx']['error']}, not {shown}."
    if kind in ("string_too_long", "string_too_short"):
        return f"{path} is too long: at most {detail['ctx']['max_length']} characters."
    if kind in _MUST_BE:
        return f"{path} {_MUST_BE[kind]}, not {shown}."
    return f"{path}: {detail['msg']}."


def _unknown_key(location: Location) -> str:
    *parent, key = location
    known = _keys_at(tuple(parent))
    likely = nearest(str(key), known, limit=1)
    where = f" in {path_text(parent)}" if parent else ""
    hint = f"did you mean “{likely[0]}”?" if likely else f"known keys are {listed(known)}."
    return f"Unknown key {_shown(key)}{where}: {hint}"


def _keys_at(location: Location) -> list[str]:
    """The keys that the document may have at a place, as files write them."""
    model: type[BaseModel] | None = PartialDefinition
    for part in location:
        if isinstance(part, str) and model is not None:
            model = _model_below(model, part)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_below(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return next(_models_in(field.annotation), None)
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f"“{text[:_MAX_SHOWN]}…”" if len(text) > _MAX_SHOWN else f"“{text}”"
