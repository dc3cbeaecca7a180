"""One token per credential, for all processes."""

from __future__ import annotations

import threading
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core import leases
from flowsite.credentials.models import Credential
from flowsite.credentials.tokens import StoredTokens
from flowsite.people.models import AuditEntry


class Ims(httpx.MockTransport):
    """Counts the tokens it gives; each has a number."""

    def __init__(self, life_s: int = 86399, status: int = 200, wait: threading.Event | None = None):
        self.given = 0
        self.life_s, self.status, self.wait = life_s, status, wait
        super().__init__(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.wait:
            self.wait.wait(5)
        self.given += 1
        body = {
            "access_token": f"token-{self.given}",
            "token_type": "bearer",
            "expires_in": self.life_s,
        }
        if self.status != 200:
            body = {"error": "invalid_client", "error_description": "invalid client_secret"}
        return httpx.Response(self.status, json=body)


def test_a_token_is_fetched_once_and_shared_by_other_processes(credential):
    ims = Ims()

    values = {StoredTokens(credential, ims).get() for _ in range(3)}

    assert values == {"token-1"}
    assert ims.given == 1


def test_the_row_holds_no_plain_token(credential):
    StoredTokens(credential, Ims()).get()

    assert "token-1" not in Credential.objects.get(pk=credential.pk).token


def test_a_token_near_its_end_is_renewed(credential):
    ims = Ims()
    tokens = StoredTokens(credential, ims)
    tokens.get()

    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=55)):
        fresh = StoredTokens(credential, ims).get()

    assert fresh == "token-2"


def test_a_short_token_is_used_for_most_of_its_life(credential):
    ims = Ims(life_s=60)

    StoredTokens(credential, ims).get()
    with time_machine.travel(timezone.now() + timedelta(seconds=30)):
        StoredTokens(credential, ims).get()

    assert ims.given == 1


def test_a_refused_token_is_replaced_once_for_everybody(credential):
    ims = Ims()
    first, second = StoredTokens(credential, ims), StoredTokens(credential, ims)
    stale = first.get()
    second.get()

    renewed = [first.refresh(stale), second.refresh(stale)]

    assert renewed == ["token-2", "token-2"]
    assert ims.given == 2


def test_a_refusal_frees_the_lease_and_is_told(credential):
    with pytest.raises(AepError, match=r"(?i)secret|credential"):
        StoredTokens(credential, Ims(status=401)).get()

    credential.refresh_from_db()
    assert leases.take(credential, timedelta(seconds=1))


def test_use_and_refusal_are_told_on_the_credential_and_in_the_log(credential):
    StoredTokens(credential, Ims()).get()
    credential.refresh_from_db()
    assert (bool(credential.succeeded_at), credential.last_error) == (True, "")
    Credential.objects.update(token="")

    for _ in range(3):
        with pytest.raises(AepError):
            StoredTokens(credential, Ims(status=401)).get()

    credential.refresh_from_db()
    assert "invalid client_secret" in credential.last_error
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["credential.used", "credential.refused"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_ten_threads_fetch_one_token(credential):
    ims = Ims(wait=threading.Event())
    found = []

    def work():
        try:
            found.append(StoredTokens(credential, ims).get())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    ims.wait.set()
    for thread in threads:
        thread.join()

    assert found == ["token-1"] * 10
    assert ims.given == 1
