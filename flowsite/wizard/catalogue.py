"""The catalogue's cards: Adobe's documented sources, and what the sandbox makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from flowsite.core.look import Status
from flowsite.core.wording import words
from flowsite.credentials.models import SandboxAccess
from flowsite.definitions.sources import SOURCES, Source, categories
from flowsite.drafts.selectors import drafts_for_user
from flowsite.people.models import User
from flowsite.runs.selectors import dataflows_for_user
from flowsite.wizard.accounts import accounts_in
from flowsite.wizard.lookups import OfferedSource

MOST_RECENT: Final = 4
#: How many drafts are looked through for recently used sources.
LOOK_BACK: Final = 40
KINDS: Final[dict[str | None, tuple[Promise, str]]] = {
    "tabular": (_("Tables"), "table-cells"),
    "rest": (_("REST resources"), "code-bracket"),
    "file": (_("Files"), "folder"),
    None: (_("Source"), "square-3-stack-3d"),
}


#: Adobe's categories, for the catalogues.
CATEGORY_WORDS = (
    gettext_noop("Payments"),
    gettext_noop("Customer Relationship Management (CRM)"),
    gettext_noop("Customer Success"),
    gettext_noop("Database"),
    gettext_noop("e-commerce"),
    gettext_noop("Marketing Automation"),
    gettext_noop("Advertising"),
    gettext_noop("Protocols"),
    gettext_noop("Cloud Storage"),
    gettext_noop("Analytics"),
    gettext_noop("Consent and Preferences"),
)


@dataclass(frozen=True)
class Card:
    """One source in the catalogue."""

    slug: str
    name: str
    category: str
    kind: str
    icon: str
    accounts: int
    dataflows: int
    marks: tuple[Status, ...]
    usable: bool


@dataclass(frozen=True)
class CardGroup:
    """A category, or what was used last."""

    label: str
    anchor: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Usage:
    """How much of each source (by connection spec id) the person's teams have in the sandbox."""

    accounts: Mapping[str, int]
    dataflows: Mapping[str, int]
    recent: tuple[str, ...] = ()


def usage(user: User, access: SandboxAccess) -> Usage:
    """Three queries, however many sources."""
    accounts = accounts_in(user, access.sandbox).values_list("connection_spec_id")
    flows = dataflows_for_user(user).filter(sandbox=access.sandbox)
    flow_specs = flows.values_list("connection_spec_id")
    drafts = drafts_for_user(user).filter(sandbox=access.sandbox, owner=user)
    sources = drafts.values_list("definition__account__source", flat=True)[:LOOK_BACK]
    recent = dict.fromkeys(slug for slug in sources if slug)
    return Usage(
        accounts=dict(accounts.annotate(n=Count("pk")).order_by()),
        dataflows=dict(flow_specs.annotate(n=Count("pk")).order_by()),
        recent=tuple(recent)[:MOST_RECENT],
    )


def category_counts() -> dict[str, int]:
    """How many sources each category has."""
    counts = Counter(source.category for source in SOURCES)
    return {category: counts[category] for category in categories()}


def groups(
    used: Usage,
    offered: Mapping[str, OfferedSource] | None,
    *,
    search: str = "",
    category: str = "",
) -> list[CardGroup]:
    """Cards by category; recently used ones first while nothing is searched for."""
    found = [source for source in SOURCES if _matches(source, search, category)]
    cards = {source.slug: _card(source, used, offered) for source in found}
    result = []
    recent = [cards[slug] for slug in used.recent if slug in cards]
    if recent and not search and not category:
        result.append(CardGroup(str(_("Recently used")), "recent", tuple(recent)))
    for number, name in enumerate(categories()):
        inside = tuple(cards[source.slug] for source in found if source.category == name)
        if inside:
            result.append(CardGroup(words(name), f"category-{number}", inside))
    return result


def _matches(source: Source, search: str, category: str) -> bool:
    if category and source.category != category:
        return False
    text = f"{source.name} {source.category} {source.slug}".casefold()
    return all(word in text for word in search.casefold().split())


def _card(source: Source, used: Usage, offered: Mapping[str, OfferedSource] | None) -> Card:
    spec_id = source.connection_spec_id or ""
    kind, icon = KINDS[source.kind]
    return Card(
        slug=source.slug,
        name=source.name,
        category=source.category,
        kind=str(kind),
        icon=icon,
        accounts=used.accounts.get(spec_id, 0),
        dataflows=used.dataflows.get(spec_id, 0),
        marks=tuple(_marks(source, offered)),
        usable=source.buildable,
    )


def _marks(source: Source, offered: Mapping[str, OfferedSource] | None) -> Sequence[Status]:
    marks: list[Any] = []
    spec = (offered or {}).get(source.connection_spec_id or "")
    if source.beta or (spec and spec.beta):
        marks.append(Status(_("Beta"), "info", "beaker"))
    if source.retired:
        title = _("Adobe has announced its removal, or offers it no longer.")
        marks.append(Status(_("Retired"), "notice", "archive-box", title))
    if not source.buildable:
        title = _("Adobe documents no connection spec for it.")
        marks.append(Status(_("No connection spec"), "neutral", "minus-circle", title))
    elif offered is not None and spec is None:
        title = _("The sandbox does not return its connection spec.")
        marks.append(Status(_("Not offered here"), "notice", "no-symbol", title))
    return marks
