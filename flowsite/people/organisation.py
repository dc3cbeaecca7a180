"""Signing in through the organisation: OpenID Connect, authorization code with PKCE.

Authlib finds the provider's addresses, keeps state and nonce in the session, and checks the id
token (signature, issuer, audience, nonce, times). What is ours is who may come in: only people whom
an admin has added. They are met by their address once, and by issuer and subject from then on, so
that an address that changes hands at the provider opens nobody's account here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext as _

from flowsite.outbound.addresses import AddressRefused, check_url
from flowsite.people import audit
from flowsite.people.audit import Origin
from flowsite.people.models import User

TIMEOUT_S: Final = 5
#: Signatures by a key that the provider alone has; "none" and shared secrets never count.
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)


class NotLetIn(Exception):
    """Why somebody does not come in: a code for the log, and words that the person may read."""

    def __init__(self, code: str, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Mismatch(ValueError):
    """The provider calls itself something else than what is configured."""


@dataclass(frozen=True)
class Claims:
    """What the provider vouches for."""

    outside_id: str
    email: str
    verified: bool


def enabled() -> bool:
    """Whether a provider is configured."""
    return bool(settings.OIDC_ISSUER)


def begin(request: HttpRequest, callback: str) -> HttpResponseRedirect:
    """Sends the person to the provider. Raises NotLetIn when that can't be reached."""
    from requests import RequestException  # noqa: PLC0415 -- an optional extra

    try:
        answer: HttpResponseRedirect = _client().authorize_redirect(request, callback)
    except (RequestException, AddressRefused, RuntimeError, ValueError) as error:
        words = _("The organisation's sign-in can't be reached. Try again later.")
        raise NotLetIn("unreachable", words, status=503) from error
    return answer


def finish(request: HttpRequest) -> User:
    """The person who came back from the provider. Raises NotLetIn."""
    claims = _claims(request)
    user = User.objects.filter(outside_id=claims.outside_id).first() or _link(request, claims)
    if not user.is_active:
        words = _("You are deactivated here. Ask an administrator of Flowsite.")
        raise NotLetIn("deactivated", words)
    return user


def _claims(request: HttpRequest) -> Claims:
    """Raises NotLetIn unless the provider's answer belongs to this browser and proves a person."""
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 -- an optional extra
    from joserfc.errors import JoseError  # noqa: PLC0415 -- an optional extra
    from requests import RequestException  # noqa: PLC0415 -- an optional extra

    failures = (AuthlibBaseError, JoseError, RequestException, AddressRefused, RuntimeError)
    try:
        info = _vouched_for(request)
    # ValueError, TypeError, KeyError: an answer of another shape than the standard's.
    except (*failures, ValueError, TypeError, KeyError) as error:
        words = _("The organisation's sign-in did not work. Try again.")
        raise NotLetIn("refused", words) from error
    if not info.get("sub"):
        raise NotLetIn("no_subject", _("The organisation's sign-in did not say who you are."))
    return Claims(
        outside_id=f"{info['iss']} {info['sub']}",
        email=str(info.get("email") or "").strip(),
        verified=info.get("email_verified") in (True, "true"),
    )


def _vouched_for(request: HttpRequest) -> dict[str, Any]:
    """The id token's claims; the address from user info where the token has none."""
    client = _client()
    token = client.authorize_access_token(request)
    info = dict(token.get("userinfo") or {})
    endpoint = client.load_server_metadata().get("userinfo_endpoint")
    if info and endpoint and not info.get("email"):
        more = client.userinfo(token=token)
        if more.get("sub") == info["sub"]:
            info |= {name: more.get(name) for name in ("email", "email_verified")}
    return info


def _link(request: HttpRequest, claims: Claims) -> User:
    """The one person with this address who has not been met yet. Raises NotLetIn."""
    if not claims.email or not claims.verified:
        words = _("The organisation's sign-in did not confirm an e-mail address of yours.")
        raise NotLetIn("address_not_verified", words)
    found = list(User.objects.filter(email__iexact=claims.email, outside_id=None)[:2])
    linked = len(found) == 1 and User.objects.filter(
        pk=found[0].pk, outside_id=None, is_active=True
    ).update(outside_id=claims.outside_id)
    if len(found) == 1 and not found[0].is_active:
        return found[0]
    if not linked:
        words = _(
            "Nobody has been added here with the address %(address)s. "
            "Ask an administrator of Flowsite."
        )
        raise NotLetIn("unknown", words % {"address": claims.email})
    user = found[0]
    by = Origin(user, user.get_username(), Origin.of(request).remote_addr)
    audit.record("person.linked", by=by, obj=user, issuer=settings.OIDC_ISSUER)
    user.refresh_from_db()
    return user


def _client() -> Any:
    """The client, once the provider has said its addresses.

    Raises _Mismatch for a provider that calls itself something else: its tokens would be taken for
    the configured one's.
    """
    client = _client_of(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
    said = client.load_server_metadata()
    if str(said.get("issuer")).rstrip("/") != settings.OIDC_ISSUER:
        said.clear()  # asked again next time
        raise _Mismatch("the provider names another issuer")
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    # Never empty: Authlib takes an empty list for its own default, which is wider.
    said["id_token_signing_alg_values_supported"] = sorted(ALGORITHMS & set(offered)) or ["RS256"]
    return client


@lru_cache(maxsize=4)
def _client_of(issuer: str, client_id: str, client_secret: str) -> Any:
    """Kept for the life of the process, with the provider's addresses and keys in it."""
    from authlib.integrations.django_client import (  # noqa: PLC0415 -- an optional extra
        DjangoOAuth2App,
        OAuth,
    )
    from authlib.integrations.requests_client import (  # noqa: PLC0415 -- an optional extra
        OAuth2Session,
    )
    from requests import TooManyRedirects  # noqa: PLC0415 -- an optional extra

    class CheckedSession(OAuth2Session):
        """Calls no internal address that is not listed, and follows no redirect."""

        def send(self, request: Any, **options: Any) -> Any:
            check_url(request.url, allowed_hosts=settings.INTERNAL_HOSTS)
            self.trust_env = False
            answer = super().send(request, **{**options, "allow_redirects": False})
            if answer.is_redirect:
                raise TooManyRedirects("redirects are not followed", response=answer)
            return answer

    class App(DjangoOAuth2App):
        client_cls = CheckedSession

    return OAuth().register(
        name="organisation",
        client_cls=App,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_S,
        },
    )
