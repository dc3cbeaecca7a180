"""What the Add data step posts: a table, resource or file, and the chosen columns."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from flowsite.definitions.model import Data
from flowsite.definitions.sources import Source
from flowsite.drafts.models import Draft
from flowsite.wizard.forms.account import PlainForm
from flowsite.wizard.forms.picks import packed, unpacked_text

FILE_TYPES: Final = ("delimited", "json", "parquet")
COMPRESSIONS: Final = ("bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar")
DELIMITERS: Final = ((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Pipe")))
#: Prefix of further parameters of a REST source.
PARAM: Final = "param-"
MOST_PARAMS: Final = 40
LONGEST: Final = 4000


class DataForm(PlainForm):
    """``known`` are the columns at hand for what the draft reads now, for choices by pattern."""

    def __init__(
        self,
        draft: Draft,
        data: QueryDict | None,
        *,
        source: Source | None,
        known: Sequence[str] = (),
    ) -> None:
        super().__init__(draft, data)
        self.source, self.known = source, known
        self.stored = self.definition.data or Data()

    @property
    def chosen(self) -> Data:
        """What is read, as posted; without columns that belong to something else."""
        if self.data is None:
            return self.stored
        part = self._object()
        return Data.model_validate({**part, "columns": self._columns(part)})

    @property
    def object_value(self) -> str:
        """The value of the radio button that is on."""
        name = self.chosen.object_name
        return packed(name) if name else ""

    def parts(self) -> dict[str, Any]:
        if self.data is None:
            return {}
        chosen = self.chosen.model_dump(mode="json", exclude_none=True)
        empty = not (self.chosen.object_name or self.chosen.params)
        return {} if empty and self.definition.data is None else {"data": chosen}

    def _object(self) -> dict[str, Any]:
        kind = self.source.kind if self.source else None
        if kind == "rest":
            return self._resource()
        name = unpacked_text(self._posted("object"))
        if kind == "file":
            return self._file(name if name is not None else self.stored.path)
        table = name if name is not None else self.stored.table
        return {"table": table} if table else {}

    def _resource(self) -> dict[str, Any]:
        picked = unpacked_text(self._posted("object"))
        typed = self._posted("resource").strip()[:LONGEST] if "resource" in self.posted else None
        resource = typed or picked or (self.stored.resource if typed is None else None)
        given = {
            key.removeprefix(PARAM): str(value).strip()[:LONGEST]
            for key, value in self.posted.items()
            if key.startswith(PARAM)
        }
        params = given if "has_params" in self.posted else self.stored.params or {}
        kept = {key: value for key, value in list(params.items())[:MOST_PARAMS] if value}
        return {
            **({"resource": resource} if resource else {}),
            **({"params": kept} if kept else {}),
        }

    def _file(self, path: str | None) -> dict[str, Any]:
        part: dict[str, Any] = {"path": path} if path else {}
        part["folder"] = path is not None and path == unpacked_text(self._posted("folder"))
        file_type = self._posted("file_type") or type_by_name(path or "")
        if file_type in FILE_TYPES:
            part["file_type"] = file_type
        if (compression := self._posted("compression")) in COMPRESSIONS:
            part["compression"] = compression
        delimiter = {"tab": "\t"}.get(
            self._posted("column_delimiter"), self._posted("column_delimiter")
        )
        if delimiter and part.get("file_type") == "delimited":
            part["column_delimiter"] = delimiter[:10]
        return part

    def _columns(self, part: dict[str, Any]) -> Any:
        """The ticked ones if the page listed them for this very object, else what was stored."""
        name = part.get("table") or part.get("resource") or part.get("path") or ""
        same = name == self.stored.object_name
        if unpacked_text(self._posted("listed_for")) != name:
            return self.stored.columns if same else "all"
        ticked = [unpacked_text(value) for value in self.posted.getlist("column")]
        chosen = [one for one in dict.fromkeys(ticked) if one is not None]
        picked = self._picked(chosen)
        total = self._posted("listed")
        return "all" if total.isdecimal() and 0 < int(total[:9]) == len(picked) else picked

    def _picked(self, chosen: list[str]) -> list[str]:
        """The choice after a button such as "by pattern", for browsers without scripts."""
        action = self._posted("action")
        mapped = self.mapped_columns
        patterns = [one.strip() for one in self._posted("pattern")[:500].split(",") if one.strip()]
        if action == "pick-all":
            return list(self.known) or chosen
        if action == "pick-none":
            return []
        if action == "pick-mapped":
            return [name for name in self.known if name in mapped]
        if action == "pick-pattern" and patterns:
            return [name for name in self.known if name in chosen or matches(name, patterns)]
        if action == "drop-pattern" and patterns:
            return [name for name in chosen if not matches(name, patterns)]
        return chosen

    @property
    def mapped_columns(self) -> frozenset[str]:
        """Columns that the draft's mapping reads by name."""
        mapping = self.definition.mapping
        if mapping is None or isinstance(mapping, str):
            return frozenset()
        return frozenset(row.source for row in mapping if row.source)

    def _posted(self, name: str) -> str:
        return str(self.posted.get(name) or "")


def type_by_name(path: str) -> str:
    """The format that a file's name promises; empty if none."""
    ending = path.lower().rsplit("/", 1)[-1].rsplit(".", 1)[-1]
    return {"csv": "delimited", "tsv": "delimited", "txt": "delimited"}.get(
        ending, ending if ending in FILE_TYPES else ""
    )


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns (``*`` and ``?``), without regard to case."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
