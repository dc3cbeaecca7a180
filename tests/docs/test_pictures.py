"""Every page has a picture in the documents, and every picture that is named is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.screenshots import IMAGES, PICTURES

ROOT = Path(__file__).parents[2]
MOST_BYTES = 3_000_000
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Addresses that answer parts, files or acts, and pages that look like one that has a picture.
EXEMPT = re.compile(
    r"(live|ready|metrics|health-full|home|gallery.*|switch-sandbox|language|set-password"
    r"|organisation-.*|sign-out|.*-(export|csv|curl|live|offered|list|items|columns|sample|datasets"
    r"|schemas?|proposal|editor|suggestions|validate|preview|functions|expression|import|origins"
    r"|copy|forecast|delta|findings|later|row|rows|submit|cancel|continue|undo|tidy|clone|delete"
    r"|restore|resume|accounts|test|tests|rotate|link|state|add|remove|act|action|adopt|outside"
    r"|retry|calendar|timeline|tags|mute|again|propose|save|change|columns|selection|filters"
    r"|views|views?|compare|new)|sync-now|adobe-events|batch|view|rule|channel|alert|deliveries|orphans|orphans-search)$"
)


def names(patterns: list[URLPattern | URLResolver]) -> set[str]:
    found: set[str] = set()
    for one in patterns:
        if isinstance(one, URLResolver):
            found |= names(one.url_patterns)
        elif one.name:
            found.add(one.name)
    return found


def test_every_page_has_a_picture_or_is_exempt() -> None:
    pictured = {one.page for one in PICTURES}
    left = {one for one in names(get_resolver().url_patterns) - pictured if not EXEMPT.match(one)}
    assert left == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_pictures_that_are_named_are_there(document: Path) -> None:
    named = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", document.read_text())
    assert [one for one in named if not (document.parent / one).exists()] == []


def test_every_picture_is_named_and_all_are_small() -> None:
    text = "".join(one.read_text() for one in DOCUMENTS)
    files = sorted(IMAGES.iterdir())
    assert [one.name for one in files if f"images/{one.name}" not in text] == []
    assert {one.file for one in PICTURES} == {one.stem for one in files}
    assert sum(one.stat().st_size for one in files) < MOST_BYTES
