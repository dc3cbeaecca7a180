"""Secrets with telling names go through everything the product does; none may turn up anywhere."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import structlog
from celery.signals import before_task_publish
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from flowsite.core.encrypted import decrypt
from flowsite.credentials import accounts, connect, services, tasks
from flowsite.credentials.models import Credential, SandboxAccess, SourceAccount
from flowsite.definitions.sources import source_by_slug
from flowsite.emulator.app import create_app
from flowsite.emulator.config import EmulatorConfig
from flowsite.people.models import User
from flowsite.submissions import executor
from flowsite.submissions import services as submissions
from tests.people.rules import RULES

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

CLIENT, WRONG, SOURCE = "canary-client-secret", "canary-wrong-secret", "canary-source-secret"
REFUSED, PASSWORD, TYPO = "canary-refused-secret", "canary-passphrase", "canary-mistyped"
SECRETS = (CLIENT, WRONG, SOURCE, REFUSED, PASSWORD, TYPO)


class Log:
    """All that is logged, in the format of production and in that of development."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        shared = django_settings.LOGGING["formatters"]["structured"]["foreign_pre_chain"]
        self.handlers = []
        for renderer in (structlog.processors.JSONRenderer(), structlog.dev.ConsoleRenderer()):
            handler = logging.StreamHandler(self.text)
            handler.setFormatter(
                structlog.stdlib.ProcessorFormatter(
                    processors=[
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                    foreign_pre_chain=shared,
                )
            )
            self.handlers.append(handler)

    def __enter__(self) -> Log:
        root = logging.getLogger()
        for handler in self.handlers:
            root.addHandler(handler)
        return self

    def __exit__(self, *_: object) -> None:
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)


@contextmanager
def messages() -> Iterator[list[str]]:
    """Every message that is handed to the broker."""
    found: list[str] = []

    def note(body: Any = None, headers: Any = None, **_: Any) -> None:
        found.append(f"{headers} {body}")

    before_task_publish.connect(note, weak=False)
    yield found
    before_task_publish.disconnect(note)


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    settings.QUIET_TIME_S = 0.1
    settings.CREATE_LIMIT_S = 5


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Any]:
    """An emulator whose client secret is a canary."""
    app = create_app(tmp_path / "e.sqlite3", config=EmulatorConfig(client_secret=CLIENT))
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.WSGITransport(app=app))
    yield app
    app.close()


def add_credential(browser: Client) -> Credential:
    values = {
        "name": "Canary",
        "org_id": "ACME@AdobeOrg",
        "client_id": "demo-client",
        "client_secret": CLIENT,
        "scopes": "openid",
        "ims_url": "http://127.0.0.1:9",
        "platform_url": "http://127.0.0.1:9",
    }
    browser.post(reverse("credential-new"), values)
    row = Credential.objects.get(name="Canary")
    browser.post(reverse("credential-test", args=[row.pk]))
    return row


def rotate(browser: Client, row: Credential) -> Iterator[str]:
    """Pages of a refused and of a working rotation."""
    for secret in (WRONG, CLIENT):
        place = reverse("credential-rotate", args=[row.pk])
        yield browser.post(place, {"new_secret": secret}, follow=True).content.decode()


def create_account(access: SandboxAccess, user: User, secret: str, key: str) -> None:
    submission = submissions.submit_account(
        access,
        user,
        source=source_by_slug("paypal"),
        name=f"Account {key}",
        description=None,
        auth_spec="Client-Id-Secret Based Authentication",
        params={"host": "api.paypal.example", "clientId": "client"},
        secrets={"clientSecret": secret},
        key=key * 16,
    )
    for _ in range(20):
        executor.run(submission.pk)


class Echo(httpx.BaseTransport):
    """Creates are refused with all that was sent: header, token, body."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST" or "ims" in request.url.path:
            return self.inner.handle_request(request)
        sent = f"{request.headers.get('authorization')} {request.read().decode()}"
        return httpx.Response(400, json={"title": sent, "errorMessage": sent, "detail": sent})


def break_things(browser: Client, row: Credential, patch: pytest.MonkeyPatch) -> str:
    """Exceptions that quote the secret, in a view and in a task; the page people get."""

    def boom(*_: Any) -> None:
        raise RuntimeError(f"can't sign in with {decrypt(row.client_secret)}")

    patch.setattr(services, "test_credential", boom)
    patch.setattr(accounts, "test_if_due", boom)
    browser.raise_request_exception = False
    page = browser.post(reverse("credential-test", args=[row.pk])).content.decode()
    tasks.test_account.apply(args=[1], throw=False)
    return page


def set_password(browser: Client, user: User) -> Iterator[str]:
    """Pages on the way from a sign-in link to a password."""
    page = browser.post(reverse("person-link", args=[user.pk])).content.decode()
    link = re.search(r"/welcome/[^<\"]+/", page)
    assert link
    stranger = Client()
    form = stranger.get(link[0], follow=True)
    values = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    yield stranger.post(form.request["PATH_INFO"], values, follow=True).content.decode()
    typo = {"username": user.username, "password": TYPO}
    yield stranger.post(reverse("sign-in"), typo).content.decode()


def all_pages(browser: Client, pks: list[int]) -> Iterator[str]:
    """Every page that needs no more than the key of a row."""
    for name in RULES:
        for args in [[], *([pk] for pk in pks)]:
            try:
                place = reverse(name, args=args)
            except NoReverseMatch:
                continue
            if name == "sign-out":
                continue
            answer = browser.get(place)
            yield f"{place}\n{answer.getvalue().decode(errors='replace')}"


def whole_database() -> str:
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    found += [f"session: {row.get_decoded()}" for row in Session.objects.all()]
    return "\n".join(found)


def test_no_secret_turns_up_anywhere(
    client_as: Callable[[User], Client],
    admin: User,
    analyst: User,
    ops: User,
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = client_as(admin)
    seen: dict[str, list[str]] = {"pages": []}
    with Log() as log, messages() as sent:
        row = add_credential(browser)
        seen["pages"] += rotate(browser, row)
        row.refresh_from_db()
        access = SandboxAccess.objects.get(credential=row, sandbox__name="dev")
        create_account(access, analyst, SOURCE, "a")
        with monkeypatch.context() as patch:
            inner = connect.make_transport()
            patch.setattr(connect, "make_transport", lambda: Echo(inner))
            create_account(access, analyst, REFUSED, "b")
        token = decrypt(Credential.objects.get(pk=row.pk).token)
        seen["pages"] += set_password(browser, ops)
        with monkeypatch.context() as patch:
            seen["pages"].append(break_things(browser, row, patch))
        seen["pages"] += all_pages(browser, [row.pk, access.pk, *range(1, 4)])
    seen |= {"log": [log.text.getvalue()], "messages": sent, "database": [whole_database()]}

    # The campaign did what it says.
    assert SourceAccount.objects.filter(name="Account a").exists()
    assert decrypt(row.client_secret) == CLIENT
    assert "can't sign in with" in log.text.getvalue()
    assert ops.__class__.objects.get(pk=ops.pk).check_password(PASSWORD)
    assert any("/credentials/" in page for page in seen["pages"])
    leaks = [
        f"{secret} in {place}: …{text[max(text.index(secret) - 80, 0) : text.index(secret)]}"
        for place, texts in seen.items()
        for text in texts
        for secret in (*SECRETS, token)
        if secret in text
    ]
    assert leaks == []
