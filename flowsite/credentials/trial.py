"""Trying sign-in values at Adobe before they are stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowsite.aep.auth import MemoryTokens, Token, fetch_token
from flowsite.aep.platform import Platform
from flowsite.aep.sandboxes import SandboxInfo
from flowsite.aep.session import Session, SessionConfig
from flowsite.credentials import connect


@dataclass(frozen=True)
class SignIn:
    """All that Adobe is asked with. The repr holds no secret."""

    org_id: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    ims_url: str
    platform_url: str


@dataclass(frozen=True)
class Trial:
    """What a working sign-in yields."""

    token: Token
    sandboxes: list[SandboxInfo]


def try_sign_in(values: SignIn) -> Trial:
    """Fetches a token and lists the sandboxes with it. Stores nothing. Raises AepError."""
    ims = connect.make_transport()
    try:
        token = fetch_token(
            ims_url=values.ims_url,
            client_id=values.client_id,
            client_secret=values.client_secret,
            scopes=values.scopes,
            transport=ims,
        )
    finally:
        ims.close()
    config = SessionConfig(
        org_id=values.org_id,
        client_id=values.client_id,
        platform_url=values.platform_url,
        sandbox=None,
    )
    tokens = MemoryTokens(lambda: token)
    session = Session(config, tokens, transport=connect.make_transport(), max_wait_s=20)
    with Platform(session) as platform:
        return Trial(token, list(platform.sandboxes.list()))
