"""What the Mapping step posts: rows of source and target, side by side in repeated fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.http import QueryDict

from flowsite.definitions.columns import Column
from flowsite.definitions.expressions import scan
from flowsite.definitions.mapping_rules import find_column
from flowsite.definitions.model import MappingRow
from flowsite.drafts.models import Draft
from flowsite.wizard.forms.account import PlainForm
from flowsite.wizard.forms.picks import packed

LONGEST_TEXT: Final = 20_000
MOST_ROWS: Final = 5_000


class MappingForm(PlainForm):
    """``columns`` are those at hand: they tell a column's name from an expression."""

    def __init__(
        self, draft: Draft, data: QueryDict | None, *, columns: Sequence[Column] = ()
    ) -> None:
        super().__init__(draft, data)
        self.columns = columns
        mapping = self.definition.mapping
        self.stored = mapping if isinstance(mapping, tuple) else ()

    @property
    def posted_editor(self) -> bool:
        """Whether the page had the rows; they may not have arrived."""
        return "editor" in self.posted

    def rows(self) -> tuple[MappingRow, ...]:
        """The rows as posted, without empty ones and the one whose Remove was pressed."""
        sources = self.posted.getlist("source")[:MOST_ROWS]
        targets = self.posted.getlist("target")[:MOST_ROWS]
        kinds = self.posted.getlist("kind")[:MOST_ROWS]
        kinds += [""] * (len(sources) - len(kinds))
        removed = str(self.posted.get("action", "")).removeprefix("remove-")
        names = {column.name for column in self.columns}
        names |= {row.source for row in self.stored if row.source}
        found = []
        for number, (source, target, kind) in enumerate(zip(sources, targets, kinds, strict=False)):
            if str(number) == removed or not (source.strip() or target.strip()):
                continue
            found.append(self._row(source[:LONGEST_TEXT], target[:LONGEST_TEXT], kind, names))
        return tuple(found)

    def _row(self, source: str, target: str, kind: str, names: set[str]) -> MappingRow:
        if (kept := unpacked_row(kind)) is not None and one_line(_text(kept)) == one_line(source):
            return kept.model_copy(update={"target": target.strip()})
        if not source.strip():
            return MappingRow(target=target.strip())
        if is_column(source, names, self.columns):
            return MappingRow(source=source, target=target.strip())
        return MappingRow(expression=source.strip(), target=target.strip())

    def parts(self) -> dict[str, Any]:
        if not self.posted_editor:
            return {}
        rows = self.rows()
        if self.posted.get("suggested") == digest(rows):
            return {"mapping": "suggested"}
        return {"mapping": [row.model_dump(exclude_none=True) for row in rows]}


def is_column(text: str, names: set[str], columns: Sequence[Column]) -> bool:
    """Whether a row's text names a column; a single path is one even if nobody knows it."""
    if text in names or find_column(columns, text) is not None:
        return True
    found = scan(text)
    parts = found.paths[0] if len(found.paths) == 1 else ()
    plain = not found.functions and not found.reserved and found.fault is None
    return plain and bool(parts) and "".join(text.split()) == ".".join(parts).replace(" ", "")


def shown_source(row: MappingRow) -> tuple[str, str]:
    """The text of a row's source field, and what goes beside it where the text would not do."""
    text = _text(row)
    odd = any(ord(char) < 32 or ord(char) == 127 for char in text)
    ambiguous = bool(row.expression) and bool(scan(text).paths == ((text,),))
    return text, packed(row.model_dump(exclude_none=True)) if odd or ambiguous else ""


def unpacked_row(text: str) -> MappingRow | None:
    """A row from what ``shown_source`` put beside the field."""
    if not text or len(text) > 2 * LONGEST_TEXT:
        return None
    try:
        return MappingRow.model_validate_json(text)
    except ValueError:
        return None


def one_line(text: str) -> str:
    """What is left of a text once it has been through a text field."""
    return "".join(char for char in text if char not in "\r\n")


def digest(rows: Iterable[MappingRow]) -> str:
    """Tells whether rows are the suggested ones, unchanged."""
    text = json.dumps([[row.source, row.expression, row.target] for row in rows])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _text(row: MappingRow) -> str:
    return row.source or row.expression or ""
