"""Sends hostile requests made from an application's own addresses and forms, and judges answers."""

from __future__ import annotations

import random
import re
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.fuzz import hostile
from tests.fuzz.world import World, addresses

#: Requests of one scenario see what the ones before did; then all of it is undone.
LONGEST_SCENARIO = 4
#: No request may keep a processor busy for longer.
SLOWEST_S = 10
#: Admins look after people, teams and the audit log of the whole installation.
OF_ALL_TEAMS = ("/audit/", "/people/")
TRACE = re.compile(
    r"Traceback \(most recent call last\)|django\.db\.utils|File &quot;/|site-packages"
)


@dataclass
class Form:
    """A form as a page shows it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Forms, links and htmx addresses of a page."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = given.get("action") or self.address
            self.forms.append(Form(action, given.get("method", "get").upper()))
        elif tag in ("input", "select", "textarea", "button") and given.get("name"):
            self._field(tag, given)
        for name in ("href", "hx-get", "hx-post"):
            if given.get(name, "").startswith(("/", "?")):
                target = given[name]
                self.links.add(self.address + target if target[0] == "?" else target)
        for name in ("hx-post", "formaction"):
            if given.get(name, "").startswith("/"):
                inside = self.forms[-1].fields if self.forms else []
                self.forms.append(Form(given[name], "POST", list(inside)))

    def _field(self, tag: str, given: dict[str, str]) -> None:
        if not self.forms:
            self.forms.append(Form(self.address, "POST"))
        if given.get("type") == "file":
            self.forms[-1].files.append(given["name"])
        else:
            self.forms[-1].fields.append((given["name"], given.get("value", "")))


@dataclass
class Request:
    """What is sent, in a form that a failure can print."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        body = self.body[:300]
        return f"{self.method} {self.path[:200]} {self.content_type[:80]!r} {self.headers} {body!r}"


class Attacker:
    """One person's attack. ``findings`` says what was wrong; ``statuses`` counts the answers."""

    def __init__(self, world: World, who: str, seed: int) -> None:
        self.world, self.who = world, who
        self.chance = random.Random(f"{seed}/{who}")
        self.client = Client(raise_request_exception=False)
        self.statuses: Counter[int] = Counter()
        self.findings: list[str] = []
        self._raised: list[str] = []
        self._forbidden = [text.encode() for text in world.not_for(who)]
        user = world.people[who]
        if user is not None:
            self.client.force_login(user)
        self._cookies = dict(self.client.cookies)
        every = [*addresses(world.ours), *addresses(world.others)]
        self.addresses = [one for one in every if one != "/sign-out/"]
        self.forms: list[Form] = []

    def run(self, count: int) -> None:
        """``count`` hostile requests, after a look at every page."""
        got_request_exception.connect(self._note)
        try:
            self._look_around()
            count += self.statuses.total()
            while self.statuses.total() < count:
                with transaction.atomic():
                    for _ in range(self.chance.randint(1, LONGEST_SCENARIO)):
                        self._one(self._made())
                    transaction.set_rollback(True)
                self.client.cookies.clear()
                self.client.cookies.update(self._cookies)
        finally:
            got_request_exception.disconnect(self._note)

    def _note(self, **_: Any) -> None:
        error = sys.exc_info()[1]
        frames = traceback.extract_tb(error.__traceback__ if error else None)
        ours = [one for one in frames if "/flowsite/" in one.filename] or frames
        place = f"{ours[-1].filename.rpartition('flowsite/')[2]}:{ours[-1].lineno}" if ours else "?"
        self._raised.append(f"{type(error).__name__}: {str(error)[:200]} at {place}")

    # --- what to send ----------------------------------------------------------------------------

    def _look_around(self) -> None:
        for address in list(self.addresses):
            for headers in ({}, {"HTTP_HX_REQUEST": "true"}):
                answer = self._one(Request("GET", address, headers=headers))
                if answer is not None and "html" in answer.get("Content-Type", ""):
                    page = Page(address, answer.content.decode(errors="replace"))
                    self.forms += page.forms
                    self.addresses += [one for one in page.links if len(one) < 500]
        self.addresses = list(dict.fromkeys(self.addresses))
        # Without any page of their own, people still know the addresses.
        self.forms += [Form(one, "POST", [("name", "x")]) for one in self.addresses]

    def _made(self) -> Request:
        make = self.chance.choices(
            [self._from_form, self._from_address, self._files, self._raw], [6, 3, 2, 1]
        )[0]
        request = make()
        if self.chance.random() < 0.3:
            request.headers |= self.chance.choice(hostile.HEADERS)
        if self.chance.random() < 0.05:
            request.method = self.chance.choice(hostile.METHODS)
        return request

    def _from_form(self) -> Request:
        form = self.chance.choice(self.forms)
        pairs = self._bent(form.fields)
        if form.method == "GET":
            return Request("GET", _joined(form.action, pairs))
        body = urlencode(pairs, errors="surrogatepass").encode()
        return Request("POST", form.action, body, "application/x-www-form-urlencoded")

    def _bent(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        pairs = []
        worst = self.chance.random()
        for name, value in fields[:300]:
            fate = self.chance.random()
            if fate < worst * 0.5:
                pairs.append((name, hostile.value(self.chance)))
            elif fate < worst * 0.6:
                pairs += [(name, value), (name, hostile.value(self.chance))]
            elif fate > worst * 0.7:
                pairs.append((name, value))
        if self.chance.random() < 0.2:
            pairs.append((hostile.value(self.chance)[:2000], hostile.value(self.chance)))
        return pairs

    def _from_address(self) -> Request:
        """A page with strange parameters, or a strange page."""
        address = self.chance.choice(self.addresses)
        parts = urlsplit(address)
        pairs = self._bent(parse_qsl(parts.query, keep_blank_values=True))
        for _ in range(self.chance.randint(0, 3)):
            name = self.chance.choice(hostile.QUERIES)
            cursor = name == "page" and self.chance.random() < 0.9
            value = self.chance.choice(hostile.CURSORS) if cursor else hostile.value(self.chance)
            pairs.append((name, value[:5000]))
        path = parts.path
        if self.chance.random() < 0.25:
            pieces = path.split("/")
            place = self.chance.randrange(len(pieces))
            pieces[place] = self.chance.choice(hostile.PIECES)
            path = "/" + "/".join(pieces).lstrip("/")
        return Request("GET", _joined(path, pairs))

    def _files(self) -> Request:
        """Files and pasted text, hostile inside, wherever a form takes some."""
        takers = [form for form in self.forms if form.files] or self.forms
        form = self.chance.choice(takers)
        content: bytes = (
            self.chance.choice(hostile.CSVS)
            if self.chance.random() < 0.5
            else self.chance.choice(hostile.YAMLS).encode("utf-8", "surrogatepass")
        )
        names = ["a.csv", "../../a\x00.yaml", "é" * 300 + ".csv", "con", "a.yaml\r\nX: y", " "]
        upload = SimpleUploadedFile("a", content, self.chance.choice(["text/csv", "x/y", ""]))
        # Past the setter, which cleans names as the server should.
        upload.__dict__["_name"] = self.chance.choice(names)
        data: dict[str, Any] = {
            name: value for name, value in form.fields[:100] if self.chance.random() < 0.9
        }
        if self.chance.random() < 0.3:
            data["text"] = content.decode(errors="replace")
        data[self.chance.choice(form.files or ["file"])] = upload
        body = encode_multipart(BOUNDARY, data)
        if self.chance.random() < 0.1:
            body = body[: self.chance.randrange(len(body))]
        return Request("POST", form.action, body, MULTIPART_CONTENT)

    def _raw(self) -> Request:
        return Request(
            self.chance.choice(hostile.METHODS),
            self.chance.choice(self.addresses),
            self.chance.choice(hostile.BODIES),
            self.chance.choice(hostile.TYPES),
        )

    # --- what comes back -------------------------------------------------------------------------

    def _one(self, request: Request) -> Any:
        self._raised.clear()
        began = time.thread_time()
        kind = request.content_type
        try:
            with transaction.atomic():
                answer = self.client.generic(
                    request.method, request.path, request.body, kind, **request.headers
                )
                content = answer.getvalue()
        except Exception as error:
            self.findings.append(f"raised {error!r:.200} by {request}")
            self.statuses[0] += 1
            return None
        self.statuses[answer.status_code] += 1
        # A health address says 503 when nobody works, as here.
        unhealthy = answer.status_code == 503 and request.path.startswith("/health/")
        if (answer.status_code >= 500 and not unhealthy) or self._raised:
            self.findings.append(f"{answer.status_code} {self._raised} by {request}")
        if (took_s := time.thread_time() - began) > SLOWEST_S:
            self.findings.append(f"SLOW {took_s:.1f} s of work by {request}")
        self._judge(request, answer, content)
        return answer if not answer.streaming else None

    def _judge(self, request: Request, answer: Any, content: bytes) -> None:
        whole = content + repr(answer.headers).encode()
        sent = request.path.encode() + request.body + repr(request.headers).encode()
        if self.who == "admin" and request.path.startswith(OF_ALL_TEAMS):
            return
        for text in self._forbidden:
            if text in whole and text not in sent:
                place = max(whole.index(text) - 60, 0)
                self.findings.append(f"LEAK {text!r} …{whole[place : place + 120]!r} by {request}")
        is_page = "html" in answer.get("Content-Type", "")
        if is_page and hostile.SCRIPT.encode() in content:
            self.findings.append(f"SCRIPT unescaped by {request}")
        if TRACE.search(content.decode(errors="replace")):
            self.findings.append(f"TRACE by {request}")
        if "hostile" in answer.cookies:
            self.findings.append(f"COOKIE by {request}")


def _joined(path: str, pairs: list[tuple[str, str]]) -> str:
    base = path.partition("?")[0]
    query = urlencode(pairs, errors="surrogatepass")[:60_000]
    return quote(base, safe="/%") + (f"?{query}" if query else "")
