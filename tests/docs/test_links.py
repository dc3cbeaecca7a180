"""Documents point at what exists: relative links, headings inside pages, settings."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "flowsite").rglob("*.md")),
]
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
_VARIABLE = re.compile(r"FLOWSITE_[A-Z0-9_]+")


def prose(page: Path) -> str:
    """Without blocks and spans of code, where brackets mean something else."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The names that headings get where pages are shown."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    found = set()
    for title in _HEADING.findall(text):
        words = re.sub(r"[^\w\- ]", "", title.lower())
        found.add(words.replace(" ", "-"))
    return found


def resolves(page: Path, link: str) -> bool:
    """Whether a relative link leads to a file of the project and, if named, to a heading there."""
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


def broken(page: Path) -> list[str]:
    links = _LINK.findall(prose(page))
    relative = [link for link in links if not re.match(r"[a-z][a-z0-9+.-]*:", link)]
    return [link for link in relative if not resolves(page, link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    assert broken(page) == []


def test_every_page_can_be_reached_from_the_readme():
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or not page.exists():
            continue
        seen.add(page)
        paths = (unquote(link).partition("#")[0] for link in _LINK.findall(prose(page)))
        waiting += [(page.parent / path).resolve() for path in paths if path.endswith(".md")]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in seen] == []


def test_the_settings_page_lists_exactly_the_variables_that_are_read():
    code = (ROOT / "flowsite" / "settings.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(FLOWSITE_[A-Z0-9_]+)` \|", page, re.MULTILINE)

    assert sorted(rows) == sorted(set(_VARIABLE.findall(code)))


def test_the_settings_page_tells_the_defaults_of_numbers():
    code = (ROOT / "flowsite" / "settings.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    numbers = r'"(FLOWSITE_[A-Z0-9_]+)",\s*"(?:int|float)",\s*default=([0-9.]+)'
    told = dict(re.findall(r"^\| `(FLOWSITE_[A-Z0-9_]+)` \| `([0-9.]+)` \|", page, re.MULTILINE))

    assert told == dict(re.findall(numbers, code))
