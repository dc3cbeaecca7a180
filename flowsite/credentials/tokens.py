"""One access token per credential, shared by all processes through its row."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import httpx
from django.utils import timezone

from flowsite.aep.auth import Token, fetch_token
from flowsite.aep.errors import AepError, BadCredential
from flowsite.core import leases
from flowsite.core.encrypted import decrypt, encrypt
from flowsite.credentials.models import Credential
from flowsite.people import audit

#: Renewed this long before its end. IMS answers with about 24 h.
RENEW_BEFORE = timedelta(minutes=10)
#: A token that lives shorter than that is used for this part of its life.
SHARE_OF_SHORT_LIFE = 0.8
FETCH_LEASE = timedelta(seconds=40)
WAIT_S = 0.2


def renew_at(token: Token, now: datetime) -> datetime:
    """From when on a token is replaced; a short-lived one is used for most of its life."""
    life = token.expires_at - now
    return now + max(life - RENEW_BEFORE, life * SHARE_OF_SHORT_LIFE)


class StoredTokens:
    """A ``TokenSource`` that keeps the token, encrypted, in the credential's row.

    Whoever needs a new token takes the row's lease; everybody else waits for the row to change, so
    that a token is fetched once however many workers find it expired. Raises AepError when IMS
    refuses or can't be reached.
    """

    def __init__(self, credential: Credential, transport: httpx.BaseTransport | None = None):
        self._credential_id = credential.pk
        self._transport = transport
        self._lock = threading.Lock()
        self._value = ""
        self._good_until = 0.0

    def __repr__(self) -> str:
        return f"StoredTokens(credential {self._credential_id})"

    def get(self) -> str:
        """The current token; from memory while it is good, else from the row, else from IMS."""
        with self._lock:
            if self._value and time.monotonic() < self._good_until:
                return self._value
            return self._current(stale="")

    def refresh(self, stale: str) -> str:
        """A token other than ``stale``, which AEP has just refused."""
        with self._lock:
            if self._value and self._value != stale:
                return self._value
            return self._current(stale=stale)

    def _current(self, stale: str) -> str:
        deadline = time.monotonic() + FETCH_LEASE.total_seconds() + 5
        while True:
            row = Credential.objects.select_related("organisation", "team").get(
                pk=self._credential_id
            )
            if value := self._usable(row, stale):
                return value
            if lease := leases.take(row, FETCH_LEASE):
                return self._fetch(row, lease, stale)
            if time.monotonic() > deadline:
                raise AepError("Another process has been fetching an access token for too long.")
            time.sleep(WAIT_S)

    def _usable(self, row: Credential, stale: str) -> str:
        """The row's token if it is neither near its end nor the refused one."""
        if not row.token or not row.token_renew_at:
            return ""
        left = row.token_renew_at - timezone.now()
        if left <= timedelta(0) or (value := decrypt(row.token)) == stale:
            return ""
        self._keep(value, left)
        return value

    def _fetch(self, row: Credential, lease: str, stale: str) -> str:
        try:
            row.refresh_from_db(fields=["token", "token_renew_at", "last_error"])
            if value := self._usable(row, stale):
                return value
            token = fetch_token(
                ims_url=row.ims_url,
                client_id=row.client_id,
                client_secret=decrypt(row.client_secret),
                scopes=row.scopes,
                transport=self._transport,
            )
        except BadCredential as error:
            _note_refusal(row, error)
            raise
        else:
            now = timezone.now()
            good_until = renew_at(token, now)
            Credential.objects.filter(pk=row.pk).update(
                token=encrypt(token.value),
                token_expires_at=token.expires_at,
                token_renew_at=good_until,
                succeeded_at=now,
                last_error="",
            )
            audit.record("credential.used", team=row.team, obj=row, until=str(token.expires_at))
            self._keep(token.value, good_until - now)
            return token.value
        finally:
            leases.release(row, lease)

    def _keep(self, value: str, good_for: timedelta) -> None:
        self._value = value
        self._good_until = time.monotonic() + good_for.total_seconds()


def _note_refusal(row: Credential, error: BadCredential) -> None:
    """On the credential always; in the audit log when it begins, not with every try."""
    Credential.objects.filter(pk=row.pk).update(tested_at=timezone.now(), last_error=str(error))
    if not row.last_error:
        audit.record("credential.refused", team=row.team, obj=row, message=str(error))
