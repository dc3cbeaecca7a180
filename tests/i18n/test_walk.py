"""Main pages in a language that does not exist: what has no brackets was never translatable."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import polib
import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.translation import trans_real

from flowsite.core import wording
from flowsite.definitions.sources import SOURCES

CATALOGUE = polib.pofile(str(settings.LOCALE_PATHS[0] / "sv" / "LC_MESSAGES" / "django.po"))
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "data-confirm")
#: Elements whose text is a name, code or another language.
DATA = {"script", "style", "code", "svg", "pre", "option"}
#: Django's own texts with a number in them.
DJANGO = "Ditt lösenord "
#: Names and marks that are the same in every language.
SAME = {
    "Flowsite", "UTC", "English", "Svenska", "analyst", "ops", "admin", "Acme", "ACME",
    "AdobeOrg", "dev", "Dev", "Default", "CSV", "sqlite", "postgresql", "beat", "min",
    "openid", "session", "AdobeID",
    "read", "organizations", "additional", "info", "projectedProductContext", "person", "signed",
}  # fmt: skip
PAGES = {
    "analyst": ["catalog", "accounts", "dataflows", "drafts", "board", "runs", "work", "profile",
                "draft-import"],
    "ops": ["board", "runs", "work", "account-health", "accounts", "alerts"],
    "admin": ["credentials", "credential-new", "people", "person-new", "teams", "audit"],
}  # fmt: skip


class Texts(HTMLParser):
    """Every text that a person may see or hear, without that of DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in DATA or named.get("lang"):
            self._inside += [tag] if tag != "html" else []
        if not self._inside:
            self.found += [str(named[name]) for name in SHOWN_ATTRIBUTES if named.get(name)]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.found.append(data.strip())


@pytest.fixture
def brackets(tmp_path: Any, settings: Any) -> Any:
    """Swedish whose every text is the English one in brackets."""
    folder = tmp_path / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = polib.POFile()
    made.metadata = CATALOGUE.metadata
    for entry in CATALOGUE:
        if entry.msgid_plural:
            plural = {0: f"⟦{entry.msgid}⟧", 1: f"⟦{entry.msgid_plural}⟧"}
            made.append(polib.POEntry(
                msgid=entry.msgid, msgid_plural=entry.msgid_plural, msgstr_plural=plural
            ))  # fmt: skip
        else:
            made.append(polib.POEntry(msgid=entry.msgid, msgstr=f"⟦{entry.msgid}⟧"))
    made.save_as_mofile(str(folder / "django.mo"))
    settings.LOCALE_PATHS = [tmp_path]
    _forget()
    yield
    _forget()


def _forget() -> None:
    trans_real._translations.clear()
    wording._recognised.cache_clear()
    wording._patterns.cache_clear()


def left_over(page: str) -> list[str]:
    texts = Texts()
    texts.feed(page)
    # What Django's own Swedish says, and names of sources, is no text of ours.
    foreign = {
        str(text).casefold()
        for catalogue in trans_real.translation("sv")._catalog._catalogs
        for text in catalogue.values()
    }
    names = {source.name.casefold() for source in SOURCES} | foreign
    bare = []
    for text in texts.found:
        rest = text
        while (shorter := BRACKETED.sub("", rest)) != rest:
            rest = shorter
        unknown = [word for word in re.findall(r"[A-Za-zÅÄÖåäö]{3,}", rest) if word not in SAME]
        if unknown and rest.strip(" :").casefold() not in names and not rest.startswith(DJANGO):
            bare.append(text)
    return bare


@pytest.mark.parametrize(
    ("who", "name"), [(who, name) for who, names in PAGES.items() for name in names]
)
def test_a_page_has_no_text_that_cannot_be_translated(
    brackets, request, client_as, access, who, name
):
    client = client_as(request.getfixturevalue(who))

    page = client.get(reverse(name), headers={"accept-language": "sv"}, follow=True)

    assert page.status_code == 200
    found = left_over(page.content.decode())
    assert found == [], "\n".join(found)


def test_the_page_before_signing_in(brackets, client, db):
    page = client.get(reverse("sign-in"), headers={"accept-language": "sv"})

    assert left_over(page.content.decode()) == []


def test_the_walk_would_notice(brackets):
    assert left_over("<p>⟦Fine⟧ <b>Forgotten words</b></p>") == ["Forgotten words"]
