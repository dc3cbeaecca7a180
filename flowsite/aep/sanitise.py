"""Words of other systems made fit for logs and pages: no secrets, no markup, bounded."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
MAX_LENGTH = 600
#: Shorter values are no secrets, and masking them would blot out ordinary words.
MIN_SECRET_LENGTH = 4

#: What of an answer is looked at; pages of a gateway begin with long heads.
_MAX_READ = 20_000
_BLOCK_STARTS = re.compile(r"(?i)<(script|style|head)\b|<!--")
_TAGS = re.compile(r"<[/!?]?[A-Za-z][^<>]*>|<[/!?][^<>]*>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_PATTERNS = [
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,2}"), MASK),
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+@"), rf"\1{MASK}@"),
    (
        re.compile(
            r"(?i)((?:secret|passwo?r?d|passphrase|token|api[_-]?key|account[_-]?key"
            r"|access[_-]?key|private[_-]?key|signature|authorization|credential)[\w-]*"
            r"[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'&,;}]+)"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)([?&;]sig=)[^\s&;\"']+"), rf"\1{MASK}"),
]
#: Parameters of an account that may be shown; everything else in ``auth.params`` is a secret.
_PLAIN_NAME = re.compile(
    r"(?i)^(.*host(name)?|server|serverName|port|database|db|dbName|schema|region|bucketName|account"
    r"|accountName|user|userName|email|tenant|tenantId|warehouse|role|container|dataType|name"
    r"|sourceId|authenticationType|serviceUrl|environmentUrl|endpoint|authorizationTestUrl)$"
)


class Hidden(str):
    """A text whose repr is masked: tools that print the variables of a traceback show that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


def clean(text: str, secrets: Iterable[str] = (), *, limit: int = MAX_LENGTH) -> str:
    """One line of plain text: ``secrets`` and their like masked, tags and controls gone."""
    text = text[:_MAX_READ]
    for secret in sorted(_spellings(secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    if "<" in text:
        text = html.unescape(_TAGS.sub(" ", _without_blocks(text)))
        text = _TAGS.sub(" ", text)
    # Cut before the patterns run, so that no text can keep them busy.
    text = " ".join(_CONTROLS.sub(" ", text).split())[: limit * 2]
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _without_blocks(text: str) -> str:
    """Without heads, scripts, styles and comments; an unclosed one ends the text."""
    kept, at = [], 0
    while match := _BLOCK_STARTS.search(text, at):
        kept.append(text[at : match.start()])
        end = re.compile(rf"(?i)</{match[1]}\s*>" if match[1] else "-->").search(text, match.end())
        if end is None:
            return " ".join(kept)
        at = end.end()
    return " ".join([*kept, text[at:]])


def _spellings(secrets: Iterable[str]) -> set[str]:
    """Each secret as it is, inside JSON text and inside an address."""
    long_enough = [secret for secret in secrets if len(secret) >= MIN_SECRET_LENGTH]
    return {
        spelling
        for secret in long_enough
        for spelling in (
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            quote(secret, safe=""),
            quote_plus(secret),
            html.escape(secret),
        )
    }


def secrets_in(body: Any, *, inside: bool = False) -> Iterator[str]:
    """The secret values of a request body: the parameters under ``auth`` that aren't plain."""
    if isinstance(body, Mapping):
        patch = str(body.get("path", ""))
        for name, value in body.items():
            within = inside or name == "auth" or (name == "value" and patch.startswith("/auth"))
            if isinstance(value, str):
                if within and name != "specName" and not _PLAIN_NAME.match(name):
                    yield value
            else:
                yield from secrets_in(value, inside=within)
    elif isinstance(body, list | tuple):
        for item in body:
            if isinstance(item, str) and inside:
                yield item
            else:
                yield from secrets_in(item, inside=inside)


def without_secrets(auth: Any) -> Any:
    """A copy of an ``auth`` object with every secret parameter masked."""
    if isinstance(auth, Mapping):
        return {
            name: MASK
            if isinstance(value, str) and name != "specName" and not _PLAIN_NAME.match(name)
            else without_secrets(value)
            for name, value in auth.items()
        }
    if isinstance(auth, list | tuple):
        return [MASK if isinstance(item, str) else without_secrets(item) for item in auth]
    return auth
