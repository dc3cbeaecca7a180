"""The expression language of calculated fields: parsed once, evaluated per row.

Grammar, loosest first: ``a ? b : c``, ``or``, ``and``, ``== != eq ne``, ``< <= > >= lt le gt
ge``, ``+ -``, ``* / % div mod``, ``! not -``, then values: numbers, texts in either quotes,
``true false null``, paths, calls, lists ``[a, b]``, objects ``{"k": v}`` and parentheses.
Names that are reserved or have signs of their own go into ``${...}`` (API contract, section 6.4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flowsite.emulator import source_paths
from flowsite.emulator.functions import FUNCTIONS
from flowsite.emulator.functions.values import OPERATORS, EvaluationError, number, truth

MAX_LENGTH = 4096
MAX_DEPTH = 40
RESERVED = frozenset(
    [
        "new",
        "mod",
        "or",
        "break",
        "var",
        "lt",
        "for",
        "false",
        "while",
        "eq",
        "gt",
        "div",
        "not",
        "null",
        "continue",
        "else",
        "and",
        "ne",
        "true",
        "le",
        "if",
        "ge",
        "return",
        "_errors",
    ]
)
_TOKEN = re.compile(
    r"""\s+
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<wrapped>\$\{(?:\\.|[^}\\])*\})
    | (?P<name>[^\W\d](?:[\w@$]|\\\.)*|[@$][\w@$]+)
    | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_WORDS |= {"and": "&&", "or": "||", "not": "!", "mod": "%", "div": "/"}
_CONSTANTS = {"true": True, "false": False, "null": None}

Node = Callable[[Any], Any]


class ExpressionError(ValueError):
    """The text is no expression, or calls a function that isn't offered."""


@dataclass(frozen=True)
class Expression:
    """``evaluate`` takes a row and raises EvaluationError."""

    evaluate: Node
    paths: tuple[str, ...] = ()
    functions: tuple[str, ...] = field(default=())


def parse(text: str) -> Expression:
    """Raises ExpressionError."""
    if not text.strip():
        raise ExpressionError("The expression is empty.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH} characters.")
    parser = _Parser(_tokens(text))
    node = parser.ternary()
    parser.expect_end()
    return Expression(_guarded(node), tuple(parser.paths), tuple(parser.called))


def _guarded(node: Node) -> Node:
    """Whatever a function trips over is an error of this row, not of the program."""

    def evaluate(row: Any) -> Any:
        try:
            return node(row)
        except EvaluationError:
            raise
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise EvaluationError(str(error) or type(error).__name__) from error

    return evaluate


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"Unexpected sign {text[at]!r} at position {at + 1}.")
        if match.lastgroup:
            tokens.append((match.lastgroup, match.group()))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.paths: list[str] = []
        self.called: list[str] = []

    # --- Tokens --------------------------------------------------------------------------------

    def sign(self) -> str:
        """The next token as an operator, or empty."""
        if self.at >= len(self.tokens):
            return ""
        kind, text = self.tokens[self.at]
        if kind == "sign":
            return text
        return _WORDS.get(text, "") if kind == "name" else ""

    def take(self, *signs: str) -> str:
        found = self.sign()
        if found and found in signs:
            self.at += 1
            return found
        return ""

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise ExpressionError(f"Expected {sign!r} {self._place()}.")

    def expect_end(self) -> None:
        if self.at < len(self.tokens):
            raise ExpressionError(f"Nothing expected {self._place()}.")

    def _place(self) -> str:
        if self.at < len(self.tokens):
            return f"at {self.tokens[self.at][1][:40]!r}"
        return "at the end"

    # --- Operators -----------------------------------------------------------------------------

    def ternary(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError("The expression is nested too deeply.")
        condition = self._level(0)
        if self.take("?"):
            yes = self.ternary()
            self.expect(":")
            no = self.ternary()
            self.depth -= 1
            return lambda row: yes(row) if truth(condition(row)) else no(row)
        self.depth -= 1
        return condition

    _LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))

    def _level(self, level: int) -> Node:
        if level == len(self._LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while sign := self.take(*self._LEVELS[level]):
            left = _binary(sign, left, self._level(level + 1))
        return left

    def _unary(self) -> Node:
        signs = []
        while sign := self.take("!", "-", "+"):
            signs.append(sign)
        node = self._value()
        for sign in reversed(signs):
            node = _negated(sign, node)
        return node

    # --- Values --------------------------------------------------------------------------------

    def _value(self) -> Node:
        if self.at >= len(self.tokens):
            raise ExpressionError("The expression ends too early.")
        kind, text = self.tokens[self.at]
        if kind == "sign":
            return self._grouped()
        self.at += 1
        if kind == "number":
            literal = float(text) if any(sign in text for sign in ".eE") else int(text)
            return lambda _row: literal
        if kind == "text":
            plain = re.sub(r"\\(.)", _unescaped, text[1:-1], flags=re.DOTALL)
            return lambda _row: plain
        if kind == "name" and text in _CONSTANTS:
            constant = _CONSTANTS[text]
            return lambda _row: constant
        if kind == "name" and self.sign() == "(":
            return self._call(text)
        return self._path(kind, text)

    def _grouped(self) -> Node:
        if self.take("("):
            node = self.ternary()
            self.expect(")")
            return node
        if self.take("["):
            items = self._items("]")
            return lambda row: [item(row) for item in items]
        if self.take("{"):
            return self._object()
        raise ExpressionError(f"A value was expected {self._place()}.")

    def _items(self, end: str) -> list[Node]:
        items: list[Node] = []
        if self.take(end):
            return items
        items.append(self.ternary())
        while self.take(","):
            items.append(self.ternary())
        self.expect(end)
        return items

    def _object(self) -> Node:
        pairs: list[tuple[str, Node]] = []
        while not self.take("}"):
            if pairs:
                self.expect(",")
            kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
            if kind not in ("text", "name"):
                raise ExpressionError(f"A key was expected {self._place()}.")
            self.at += 1
            self.expect(":")
            pairs.append((text[1:-1] if kind == "text" else text, self.ternary()))
        return lambda row: {key: node(row) for key, node in pairs}

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"The function {name[:60]} isn't supported.")
        self.called.append(name)
        self.expect("(")
        arguments = self._items(")")
        if not function.least <= len(arguments) <= function.most:
            raise ExpressionError(f"{name} takes other arguments: {function.syntax}")
        if function.lazy:
            return lambda row: function.call(
                *[lambda argument=argument: argument(row) for argument in arguments]
            )
        return lambda row: function.call(*[argument(row) for argument in arguments])

    def _path(self, kind: str, text: str) -> Node:
        if kind == "name" and text in RESERVED:
            raise ExpressionError(f"{text} is reserved; write ${{{text}}}.")
        written = text
        while self.sign() in (".", "["):
            if self.take("."):
                kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
                if kind not in ("name", "wrapped", "number"):
                    raise ExpressionError(f"A field name was expected {self._place()}.")
                self.at += 1
                written += f".{text}"
            else:
                self.expect("[")
                kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "")
                if not (kind == "number" and text.isdigit()) and text != "*":
                    raise ExpressionError(f"An index was expected {self._place()}.")
                self.at += 1
                self.expect("]")
                written += f"[{text}]"
        path = source_paths.parse(written)
        self.paths.append(written)
        return lambda row: source_paths.read(row, path)


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(match.group(1), match.group(1))


def _negated(sign: str, node: Node) -> Node:
    if sign == "!":
        return lambda row: not truth(node(row))
    factor = -1 if sign == "-" else 1
    return lambda row: factor * number(node(row))


def _binary(sign: str, left: Node, right: Node) -> Node:
    if sign == "||":
        return lambda row: truth(left(row)) or truth(right(row))
    if sign == "&&":
        return lambda row: truth(left(row)) and truth(right(row))
    operate = OPERATORS[sign]
    return lambda row: operate(left(row), right(row))
