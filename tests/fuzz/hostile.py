"""Values, bodies and headers that no browser of a well-meaning person sends."""

from __future__ import annotations

import base64
import json
import random
from typing import Any, Final

#: Must never come back as markup.
SCRIPT: Final = "<script>hostile()</script>"
MEGABYTE: Final = "x" * 1_000_000

VALUES: Final = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff tail",
    "\u202egnirts",
    "\u2028\u2029\x85",
    "\ufeff",
    SCRIPT,
    f'"><img src=x onerror=hostile()>{SCRIPT}',
    "{{ settings.SECRET_KEY }}{% debug %}",
    "' OR 1=1 --",
    "'; DROP TABLE people_user; --",
    "%s %(name)s {0} {name.__class__}",
    "../../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "-1",
    "0",
    "1",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "9" * 30,
    "9" * 5000,
    "-" + "9" * 40,
    "1e999",
    "NaN",
    "Infinity",
    "1.5",
    "²",
    "٣",
    "true",
    "None",
    "null",
    "[]",
    "{}",
    '"\\ud800"',
    '"\\u0000"',
    '{"id": null, "name": {}}',
    '{"id": ["a"], "name": 5}',
    "[" * 3000,
    "0000-00-00",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "10000-01-01",
    "2026-02-30T25:61",
    "00000000-0000-0000-0000-000000000000",
    "not-a-uuid",
    "http://169.254.169.254/latest/meta-data/",
    "javascript:hostile()",
    "a" * 300,
    "é" * 5000,
    "😀" * 200,
    "a\r\nSet-Cookie: hostile=1",
    "prod",
    "all",
    "next",
    "-name",
]


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


CURSORS: Final = [
    "x",
    "%%%",
    "é",
    "=" * 50,
    _cursor(),
    _cursor("next", False, "a", 1),
    _cursor("next", True, "2026-01-01T00:00:00+00:00", 1),
    _cursor("next", True, "2026-01-01T00:00:00", 1),
    _cursor("next", True, "yesterday", 1),
    _cursor("next", True, "2026-99-99T00:00:00", 1),
    _cursor("previous", False, 10**30, 10**30),
    _cursor("previous", False, 1.5, -1),
    _cursor("next", False, "\x00", 1),
    _cursor("next", False, "\ud800", 1),
    _cursor("next", False, True, True),
    _cursor("next", False, float("nan"), 1),
    _cursor("sideways", False, "a", 1),
]

YAMLS: Final = [
    "a: &a [x]\nb: *a\n",
    "a: &a ['lol','lol']\nb: &b [*a,*a]\nc: &c [*b,*b]\nversion: 1\n",
    "!!python/object/apply:os.system ['true']",
    "version: 1\nname: !!binary aGk=\n",
    "version: " + "9" * 5000,
    "version: 1.0",
    "version: yes",
    "? [1, 2]\n: 3\n",
    "- " * 2000 + "x",
    "{" * 2000,
    "version: 1\nname: \x00\n",
    'version: 1\nname: "\\ud800"\n',
    'version: 1\nname: "\\0"\n',
    f"version: 1\nname: {SCRIPT}\n",
    "version: 1\nname: " + "n" * 400_000,
    "version: 1\nschedule: {frequency: hour, start: 9999-99-99T00:00:00Z}\n",
    "version: 1\nschedule: {frequency: hour, interval: 1e400, start: 2027-01-01}\n",
    "version: 1\noptions: {partial_ingestion_percent: .nan}\n",
    "version: 1\naccount: {source: ../..}\n",
    "version: 1\naccount: {source: paypal, name: 'a'}\nmapping: [{source: a}]\n",
    "version: 1\nmapping:\n" + "- {source: a, target: b}\n" * 5000,
    "\ufeffversion: 1\n",
    "%YAML 9.9\n---\nversion: 1\n",
    "---\n---\n",
    "version: 1\nversion: 1\n",
    "<<: {version: 1}\n",
]

CSVS: Final = [
    b"",
    b"\x00",
    b"\xff\xfe\x00\x00",
    "source,destination\né,ü\n".encode("utf-16"),
    "source,destination\né,ü\n".encode("latin-1"),
    b"source,destination\n=cmd|' /C calc'!A0,_acme.a\n",
    b"source,destination\n" + b"," * 1_000_000,
    b"," * 1_000_000,
    b"source,destination\n" + b'"' + b"x" * 200_000,
    b'source,destination\n"a"b",c\n',
    b"source,destination\n" + b"a,b\n" * 6000,
    b"source\tdestination\n<script>hostile()</script>\tx\n",
    b"source,destination\n,\n",
    b"source,destination\n" + b"s" * 100_000 + b",b\n",
    b"source,sourceType,destination\na,EXPRESSION,b\r\r\n",
    b"source,destination\n\xed\xa0\x80,b\n",
    b"source,destination\n" + b"x" * 1_999_000,
]

TYPES: Final = [
    "",
    "text/plain",
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=no-such-charset",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=é",
    "multipart/form-data; boundary=" + "b" * 300,
    "multipart/mixed; boundary=x",
    "application/x-yaml",
    "; ; ;",
    "text/html; charset=é",
]
BODIES: Final = [
    b"",
    b"\x00\xff",
    b'{"name": {"$gt": ""}}',
    b"[" * 5000,
    b"a=%ff%fe&b=%ed%a0%80&c=%00",
    b"&&&===&&&",
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue',
    b"--x\r\n\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../a\x00.csv"\r\n'
    b"Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%\r\n--x--\r\n",
    b"name=" + b"x" * 1_000_000,
    b"&".join(b"f%d=1" % n for n in range(25_000)),
]

HEADERS: Final[list[dict[str, str]]] = [
    {"HTTP_HX_REQUEST": "true"},
    {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "\xff<script>", "HTTP_HX_TRIGGER": "%ff"},
    {"HTTP_HX_REQUEST": "maybe", "HTTP_HX_CURRENT_URL": "http://[::1", "HTTP_HX_PROMPT": "%"},
    {"HTTP_HX_CURRENT_URL": "\xff\xfe", "HTTP_HX_CURRENT_URL_URI_AUTOENCODED": "true"},
    {"HTTP_HX_TRIGGERING_EVENT": "{", "HTTP_TRIGGERING_EVENT": "["},
    {"HTTP_TRIGGERING_EVENT": "nonsense", "HTTP_TRIGGERING_EVENT_URI_AUTOENCODED": "true"},
    {"HTTP_X_AUTOSAVE": "x"},
    {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "a b:99999999"},
    {"HTTP_HOST": "[::1"},
    {"HTTP_HOST": ""},
    {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_X_FORWARDED_PROTO": "https"},
    {"HTTP_X_FORWARDED_FOR": "1.2.3.4, <script>", "HTTP_FORWARDED": "for=x"},
    {"HTTP_REFERER": "http://[bad"},
    {"HTTP_ORIGIN": "null"},
    {"HTTP_ACCEPT": "\xff/*;q=NaN"},
    {"HTTP_ACCEPT": "application/openmetrics-text; version=9.9.9"},
    {"HTTP_ACCEPT_LANGUAGE": "x" * 5000},
    {"HTTP_ACCEPT_ENCODING": "gzip;q=x, , br"},
    {"HTTP_IF_MODIFIED_SINCE": "the day before"},
    {"HTTP_IF_NONE_MATCH": '"' * 50},
    {"HTTP_RANGE": "bytes=0-,-1"},
    {"HTTP_AUTHORIZATION": "Bearer \xff"},
    {"HTTP_AUTHORIZATION": "Basic !!!"},
    {"HTTP_COOKIE": "sessionid=\xff; csrftoken=; ;;="},
    {"HTTP_COOKIE": "sessionid=" + "a" * 4000},
    {"HTTP_COOKIE": 'messages="[[\\"x'},
    {"HTTP_X_REQUEST_ID": "\xff" * 500},
    {"HTTP_X_CORRELATION_ID": SCRIPT},
    {"HTTP_USER_AGENT": "\x00"},
    {"CONTENT_LENGTH": "many"},
    {"CONTENT_LENGTH": "-5"},
    {"CONTENT_LENGTH": "99999999999"},
    {"REMOTE_ADDR": "not an address"},
]
METHODS: Final = ["GET", "POST", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS",
                  "TRACE", "PROPFIND", "get", "X" * 100]  # fmt: skip
QUERIES: Final = ["q", "page", "sandbox", "state", "run", "had", "late", "source", "account",
                  "code", "owner", "sort", "range", "stamp", "removed", "prefer", "go", "inline",
                  "who", "action", "type", "object", "id", "team", "since", "until", "role",
                  "text", "path", "folder", "next", "schema", "dataset", "search", "auth",
                  "method", "name", "kind", "at", "from", "table", "file"]  # fmt: skip
PIECES: Final = ["", "/", "//", "%00", "%ff", "..%2f", "%2e%2e/", "x" * 3000, "%F0%9F%98%80",
                 "-1", "0", "9" * 30, "1.5", "٣", ";a=b", "%3Cscript%3E"]  # fmt: skip


def value(chance: random.Random) -> str:
    """One hostile text; seldom a megabyte."""
    return MEGABYTE if chance.random() < 0.01 else chance.choice(VALUES)
