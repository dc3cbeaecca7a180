"""A plan as a shell script: bash, curl and python3, secrets as variables.

Whatever comes from outside (names, titles, columns) is inside a quoted here-document, whose lines
can never equal its end mark because JSON escapes line breaks, or quoted for the shell, or in a
comment without line breaks.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from flowsite.planning.lifecycle import TRANSFORMATION_PATH
from flowsite.planning.plan import Operation, Step, SubmissionPlan

_END: Final = "END_OF_BODY"
_REFERENCE: Final = re.compile(r"\{([A-Za-z0-9_]+\.[A-Za-z0-9_]+)\}")
_RESULTS: Final[dict[Operation, tuple[str, ...]]] = {
    "create_schema": ("id", "alt_id"),
    "create_mapping_set": ("id", "version"),
    "replace_mapping_set": ("version",),
}
"""Fields of an answer that later steps may want; ``id`` for every other create."""

_HEAD: Final = """\
#!/usr/bin/env bash
# {title}
# Made by Flowsite. {count} requests, in order; the script stops at the first that fails.
# Needs bash, curl 7.76 or newer and python3.
set -euo pipefail

"""

_FUNCTIONS: Final = r"""
# Sends a request; its body, if any, comes on standard input.
send() {
  local method=$1 path=$2 answer
  shift 2
  if ! answer=$(curl -sS --fail-with-body -X "$method" "$PLATFORM_URL$path" \
    -H "Authorization: Bearer $ACCESS_TOKEN" -H "x-api-key: $API_KEY" \
    -H "x-gw-ims-org-id: $ORG_ID" -H "x-sandbox-name: $SANDBOX_NAME" "$@"); then
    printf '%s %s failed: %s\n' "$method" "$path" "$answer" >&2
    return 1
  fi
  printf '%s' "$answer"
}

# Puts the values of variables into a body: {"$variable": "NAME"} becomes the text of $NAME.
render() {
  python3 -c '
import json, os, sys
def fill(value):
    if isinstance(value, list):
        return [fill(one) for one in value]
    if isinstance(value, dict):
        if "$variable" in value:
            return os.environ[value["$variable"]]
        if "$number" in value:
            return int(os.environ[value["$number"]])
        if "$literal" in value:
            return value["$literal"]
        return {name: fill(one) for name, one in value.items()}
    return value
print(json.dumps(fill(json.load(sys.stdin))))'
}

# Prints one field of an answer: id, alt_id, version or etag.
pick() {
  python3 -c '
import json, sys
answer = json.load(sys.stdin)
if isinstance(answer, list):
    answer = {"id": answer[0].rsplit("/", 1)[-1]}
answer = (answer.get("items") or [answer])[0]
names = {"id": ("$id", "id"), "alt_id": ("meta:altId",)}.get(sys.argv[1], (sys.argv[1],))
print(next(str(answer[name]) for name in names if name in answer))' "$1"
}
"""

_CHECK_VALID: Final = r"""
# Stops if the mapping is not valid.
all_valid() {
  python3 -c '
import json, sys
failed = [one for one in json.load(sys.stdin)["validationResponse"] if one["status"] != "SUCCESS"]
sys.exit(json.dumps(failed) if failed else 0)'
}
"""

_INDEX_OF: Final = r"""
# Prints the place of a transformation in a dataflow.
index_of() {
  python3 -c '
import json, sys
flow = json.load(sys.stdin)["items"][0]
print([one["name"] for one in flow["transformations"]].index(sys.argv[1]))' "$1"
}
"""


def curl(plan: SubmissionPlan) -> str:
    """The runnable script. Variables that it needs and does not know are named when missing."""
    title = plan.steps[-1].title if plan.steps else "Nothing to do"
    parts = [_HEAD.format(title=_comment(title), count=len(plan.steps)), _variables(plan)]
    parts.append(_FUNCTIONS)
    operations = {step.operation for step in plan.steps}
    if "validate_mapping" in operations:
        parts.append(_CHECK_VALID)
    if "patch_mapping" in operations:
        parts.append(_INDEX_OF)
    parts += [_step(number, step) for number, step in enumerate(plan.steps, start=1)]
    return "".join(parts)


def _variables(plan: SubmissionPlan) -> str:
    place = plan.place
    lines = [
        "# A token of the credential: see “Authenticate” in Adobe's guide.",
        _needed("ACCESS_TOKEN", "an access token"),
        f"PLATFORM_URL={shlex.quote(place.platform_url.rstrip('/'))}",
    ]
    for name, value, what in (
        ("API_KEY", place.client_id, "the client id of the credential"),
        ("ORG_ID", place.org_id, "the organisation's id"),
        ("SANDBOX_NAME", place.sandbox, "the name of the sandbox"),
    ):
        lines.append(f"{name}={shlex.quote(value)}" if value else _needed(name, what))
    secrets = {name: what for step in plan.steps for name, what in _secrets(step.body)}
    if secrets:
        lines.append("# Secrets of the account; they are never part of this file.")
    for name, what in secrets.items():
        lines += [_needed(name, what), f"export {name}"]
    return "\n".join(lines) + "\n"


def _needed(name: str, what: str) -> str:
    words = re.sub(r"[^A-Za-z0-9 ]", "", what)
    return f': "${{{name}:?Set {name} to {words}.}}"'


def _step(number: int, step: Step) -> str:
    lines = ["", f"# {number}. {_comment(step.title)}", f"echo {shlex.quote(step.title)} >&2"]
    call = f"send {step.method} {_shell_path(step.path)}"
    if step.needs_etag:
        lines.append(f"CURRENT=$(send GET {_shell_path(step.path)})")
        lines.append("ETAG=$(printf '%s' \"$CURRENT\" | pick etag)")
        lines += _transformation_index(step)
        call += ' -H "If-Match: $ETAG"'
    if step.body is not None:
        template = json.dumps(_template(step.body), indent=2, ensure_ascii=False)
        lines += [f"IFS= read -r -d '' BODY <<'{_END}' || true", template, _END]
        content = "json-patch+json" if step.operation == "enable_schema_for_profile" else "json"
        call += f" -H 'Content-Type: application/{content}' --data-binary @-"
        call = f"printf '%s' \"$BODY\" | render | {call}"
    lines.append(f"ANSWER=$({call})")
    if step.operation == "validate_mapping":
        lines.append("printf '%s' \"$ANSWER\" | all_valid")
    lines += _results(step)
    return "\n".join(lines) + "\n"


def _results(step: Step) -> Iterator[str]:
    creates = step.operation.startswith("create_")
    for field in _RESULTS.get(step.operation, ("id",) if creates else ()):
        name = _variable(f"{step.key}.{field}")
        yield f"{name}=$(printf '%s' \"$ANSWER\" | pick {field})"
        yield f"export {name}"
        if field == "id":
            yield f"printf '%s %s\\n' {shlex.quote(step.key)} \"${name}\""


def _transformation_index(step: Step) -> Iterator[str]:
    for op in step.body if isinstance(step.body, list) else ():
        path = str(op.get("path", "")) if isinstance(op, dict) else ""
        name = path.removeprefix(TRANSFORMATION_PATH)
        if name != path:
            yield f"INDEX=$(printf '%s' \"$CURRENT\" | index_of {shlex.quote(name)})"
            yield f'export TRANSFORMATION_PATH="{TRANSFORMATION_PATH}$INDEX"'


def _template(value: JsonValue) -> JsonValue:
    """The body with variables for what is known only when the script runs."""
    if isinstance(value, list):
        return [_template(child) for child in value]
    if not isinstance(value, dict):
        return value
    if "$from" in value:
        reference = str(value["$from"])
        kind = "$number" if reference.endswith(".version") else "$variable"
        return {kind: _variable(reference)}
    if "$secret" in value:
        return {"$variable": _secret_variable(value)}
    if "$literal" in value:
        return value
    if {"$variable", "$number"} & value.keys():
        return {"$literal": value}
    return {
        name: {"$variable": "TRANSFORMATION_PATH"}
        if name == "path" and "op" in value and str(child).startswith(TRANSFORMATION_PATH)
        else _template(child)
        for name, child in value.items()
    }


def _secrets(value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for child in value:
            yield from _secrets(child)
    elif isinstance(value, dict) and "$secret" in value:
        yield _secret_variable(value), f"the secret {value.get('name') or ''}"
    elif isinstance(value, dict) and "$literal" not in value:
        for child in value.values():
            yield from _secrets(child)


def _secret_variable(mark: dict[str, JsonValue]) -> str:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(mark.get("name") or mark["$secret"]))
    return "SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _variable(reference: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", reference.upper())


def _shell_path(path: str) -> str:
    """The path quoted for the shell, with variables for references."""
    pieces = _REFERENCE.split(path)
    quoted = [
        f'"${_variable(piece)}"' if odd % 2 else shlex.quote(piece)
        for odd, piece in enumerate(pieces)
        if piece
    ]
    return "".join(quoted)


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)
