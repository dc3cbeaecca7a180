"""From a credential and a sandbox to a ``Platform``: the only place where sessions are made."""

from __future__ import annotations

import httpx
from django.conf import settings

from flowsite.aep.platform import Platform
from flowsite.aep.session import Session, SessionConfig
from flowsite.aep.throttle import HostThrottle
from flowsite.credentials.models import Credential, Sandbox
from flowsite.credentials.tokens import StoredTokens
from flowsite.outbound.transport import CheckedTransport


def make_transport() -> httpx.BaseTransport:
    """The way out: refuses internal addresses that FLOWSITE_INTERNAL_HOSTS doesn't list.

    Tests replace this function to mount the emulator in-process.
    """
    return CheckedTransport(allowed_hosts=settings.INTERNAL_HOSTS)


def open_platform(
    credential: Credential, sandbox: Sandbox | None, *, max_wait_s: float = 20
) -> Platform:
    """A ``Platform`` for one credential in one sandbox (None: only listing sandboxes).

    Makes no call. Close it, or use it as a context manager. ``max_wait_s`` bounds how long a call
    waits by itself before it is sent again.
    """
    config = SessionConfig(
        org_id=credential.organisation.org_id,
        client_id=credential.client_id,
        platform_url=credential.platform_url,
        sandbox=sandbox.name if sandbox else None,
        explore_timeout_s=settings.EXPLORE_LIMIT_S,
        create_timeout_s=settings.CREATE_LIMIT_S,
    )
    transport = make_transport()
    session = Session(
        config,
        StoredTokens(credential, transport=make_transport()),
        transport=transport,
        throttle=HostThrottle(settings.DATA_DIR / "throttle", key=config.org_id),
        max_wait_s=max_wait_s,
    )
    return Platform(session)
