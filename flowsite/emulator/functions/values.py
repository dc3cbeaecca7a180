"""Values in expressions: truth, numbers, texts, lists; and the operators between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flowsite.emulator.dates import from_epoch_ms, iso, parse_date

MAX_TEXT = 100_000
MAX_NUMBER = 1e300
#: As many arguments as anybody writes.
MANY = 100


class EvaluationError(ValueError):
    """The expression can't be evaluated for this row."""


@dataclass(frozen=True)
class Function:
    """``lazy``: the arguments come as functions, so that only the chosen one is evaluated."""

    category: str
    syntax: str
    returns: str
    description: str
    call: Callable[..., Any]
    least: int = 1
    most: int = 1
    lazy: bool = False

    @property
    def name(self) -> str:
        return self.syntax.partition("(")[0]

    def view(self) -> dict[str, Any]:
        return {
            "category": self.category,
            "function": self.name,
            "description": self.description,
            "syntax": self.syntax,
            "expression": self.syntax,
            "returns": self.returns,
            "examples": [],
        }


def short(value: Any) -> str:
    return repr(value)[:60]


def truth(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise EvaluationError(f"{short(value)} is neither true nor false.")


def number(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        raise EvaluationError(f"{short(value)} isn't a number.")
    if isinstance(value, (int, float)):
        return value
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise EvaluationError(f"{short(value)} isn't a number.") from error
    if not found.is_finite() or abs(found.adjusted()) > 300:
        raise EvaluationError(f"{short(value)} isn't a number.")
    return int(found) if found == found.to_integral_value() else float(found)


def whole(value: Any, limit: int = MAX_TEXT) -> int:
    found = int(number(value))
    if abs(found) > limit:
        raise EvaluationError(f"{short(value)} is too large.")
    return found


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value)


def kept_short(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise EvaluationError("The text is too long.")
    return value


def moment(value: Any) -> datetime:
    found = parse_date(value)
    if found is None and isinstance(value, (int, float)) and not isinstance(value, bool):
        found = from_epoch_ms(value)
    if found is None:
        raise EvaluationError(f"{short(value)} isn't a date.")
    return found


def as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise EvaluationError(f"{short(value)} isn't a list.")
    return value


def as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EvaluationError(f"{short(value)} isn't an object.")
    return value


def on_text(work: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A function of a text that leaves null alone."""
    return lambda value: None if value is None else work(text(value))


# --- Operators ---------------------------------------------------------------------------------


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculate(left: Any, right: Any) -> Any:
        result = operate(number(left), number(right))
        if abs(result) > MAX_NUMBER or result != result:
            raise EvaluationError("The result is too large.")
        return result

    return calculate


_sum = _arithmetic(lambda left, right: left + right)


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return kept_short(text(left) + text(right))
    return _sum(left, right)


def equal(left: Any, right: Any) -> bool:
    return bool(left == right)


def _compared(left: Any, right: Any) -> int:
    if left is None or right is None:
        raise EvaluationError("null can't be compared.")
    if isinstance(left, (int, float)) or isinstance(right, (int, float)):
        first, second = number(left), number(right)
    else:
        first, second = text(left), text(right)
    return int(first > second) - int(first < second)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _plus,
    "-": _arithmetic(lambda left, right: left - right),
    "*": _arithmetic(lambda left, right: left * right),
    "/": _arithmetic(lambda left, right: left / right),
    "%": _arithmetic(lambda left, right: left % right),
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": lambda left, right: _compared(left, right) < 0,
    "<=": lambda left, right: _compared(left, right) <= 0,
    ">": lambda left, right: _compared(left, right) > 0,
    ">=": lambda left, right: _compared(left, right) >= 0,
}
