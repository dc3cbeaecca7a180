"""JSON Patch as the platform takes it: an array of lower-case add, replace and remove."""

from __future__ import annotations

import copy
from typing import Any

from flowsite.emulator.errors import bare_message, flow_error
from flowsite.emulator.web import BadBody, Request

MAX_OPERATIONS = 100
_OPERATIONS = ("add", "replace", "remove")


def read_patch(request: Request) -> list[dict[str, Any]]:
    if not request.body.strip():
        raise flow_error(1405, "The body is empty.")
    try:
        operations = request.json()
    except BadBody as error:
        raise bare_message(400, f"The body isn't valid JSON: {error}") from error
    if not isinstance(operations, list) or not 1 <= len(operations) <= MAX_OPERATIONS:
        raise bare_message(400, "A PATCH body is an array of JSON Patch operations.")
    for operation in operations:
        _check_operation(operation)
    return operations


def _check_operation(operation: Any) -> None:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise bare_message(400, "A JSON Patch operation is an object with op and path.")
    if operation.get("op") == "move":
        raise flow_error(1434, "The operation move isn't supported.")
    if operation.get("op") not in _OPERATIONS:
        raise bare_message(400, f"op must be one of {', '.join(_OPERATIONS)}.")
    if operation["op"] != "remove" and "value" not in operation:
        raise bare_message(400, f"{operation['op']} needs a value.")


def apply_patch(
    document: dict[str, Any], operations: list[dict[str, Any]], allowed: tuple[str, ...]
) -> dict[str, Any]:
    """A changed copy. ``allowed`` are the first parts of paths that may be touched."""
    result = copy.deepcopy(document)
    for operation in operations:
        parts = [
            part.replace("~1", "/").replace("~0", "~")
            for part in operation["path"].removeprefix("/").split("/")
        ]
        if parts[0] not in allowed:
            raise bare_message(400, f"{operation['path'][:200]} can't be patched.")
        _apply(result, parts, operation)
    return result


def _apply(document: dict[str, Any], parts: list[str], operation: dict[str, Any]) -> None:
    where = operation["path"][:200]
    holder: Any = document
    for part in parts[:-1]:
        holder = _step(holder, part, where)
    last, op = parts[-1], operation["op"]
    if isinstance(holder, list):
        _apply_to_list(holder, last, operation, where)
    elif isinstance(holder, dict):
        if op != "add" and last not in holder:
            raise bare_message(400, f"{where} isn't there.")
        if op == "remove":
            del holder[last]
        else:
            holder[last] = operation["value"]
    else:
        raise bare_message(400, f"{where} leads through a plain value.")


def _step(holder: Any, part: str, where: str) -> Any:
    if isinstance(holder, dict) and part in holder:
        return holder[part]
    if isinstance(holder, list) and _is_index(part) and int(part) < len(holder):
        return holder[int(part)]
    raise bare_message(400, f"{where} isn't there.")


def _apply_to_list(holder: list[Any], last: str, operation: dict[str, Any], where: str) -> None:
    op = operation["op"]
    if op == "add" and last == "-":
        holder.append(operation["value"])
        return
    limit = len(holder) + 1 if op == "add" else len(holder)
    if not _is_index(last) or int(last) >= limit:
        raise bare_message(400, f"{where} isn't there.")
    if op == "add":
        holder.insert(int(last), operation["value"])
    elif op == "replace":
        holder[int(last)] = operation["value"]
    else:
        del holder[int(last)]


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8
