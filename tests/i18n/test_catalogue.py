"""The Swedish catalogue: complete, fitting its English, and compiled as committed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

FOLDER = settings.LOCALE_PATHS[0] / "sv" / "LC_MESSAGES"
CATALOGUE = polib.pofile(str(FOLDER / "django.po"))
HOLES = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")
MARKS = {"say", "_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
IN_TEMPLATE = re.compile(r"""(?:\b_|gettext)\((u?'(?:[^'\\]|\\.)*'|u?"(?:[^"\\]|\\.)*")""")


def said(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def marked_in_code() -> Iterator[str]:
    root = Path(settings.BASE_DIR) / "flowsite"
    for path in root.rglob("*.py"):
        if "emulator" in path.parts or path.name == "gallery.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in MARKS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def marked_in_templates() -> Iterator[str]:
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        if path.name == "gallery.html":
            continue
        for found in IN_TEMPLATE.findall(templatize(path.read_text())):
            yield ast.literal_eval(found)


def test_every_text_is_translated():
    missing = [entry.msgid for entry in CATALOGUE if not all(said(entry))]

    assert missing == []


def test_no_translation_is_a_guess():
    assert [entry.msgid for entry in CATALOGUE if entry.fuzzy or entry.obsolete] == []


def test_placeholders_are_those_of_the_english_text():
    """In every number; of a plural, one form may leave the number out, as English does."""
    wrong = [
        (entry.msgid, text)
        for entry in CATALOGUE
        for text in said(entry)
        if sorted(HOLES.findall(text))
        not in (sorted(HOLES.findall(entry.msgid)), sorted(HOLES.findall(entry.msgid_plural)))
    ]

    assert wrong == []


def test_spaces_and_ends_fit():
    """What is glued to its neighbours keeps its spaces."""
    wrong = [
        entry.msgid
        for entry in CATALOGUE
        for text in said(entry)
        if entry.msgid[:1].isspace() != text[:1].isspace()
        or entry.msgid[-1:].isspace() != text[-1:].isspace()
    ]

    assert wrong == []


def test_the_compiled_catalogue_is_that_of_the_text():
    compiled = {entry.msgid: said(entry) for entry in polib.mofile(str(FOLDER / "django.mo"))}

    assert compiled == {entry.msgid: said(entry) for entry in CATALOGUE}


@pytest.mark.parametrize("marked", [marked_in_code, marked_in_templates])
def test_the_catalogue_knows_every_marked_text(marked):
    known = {entry.msgid for entry in CATALOGUE}

    missing = sorted({text for text in marked() if text.strip()} - known)

    assert missing == [], "Run: make messages. Then translate what it prints."
