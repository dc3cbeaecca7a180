"""What can go wrong in a call to Experience Platform.

    AepError
    ├── NotSent              it certainly never reached AEP
    │   └── ConnectionFailed     no connection: may work later
    ├── AnswerLost           sent, no answer: it may have happened
    ├── MalformedAnswer      a success that can't be read: it probably has happened
    ├── BadCredential        IMS refused the client id, the secret or the scopes
    └── StatusError          AEP answered with an error status
        ├── ServerError          5xx (and 408): it may have happened
        ├── TooManyRequests      429, or held back by our own throttle
        ├── Unauthorized         401, or 403 with a token code of the gateway
        ├── Forbidden            403
        ├── NotFound             404, 410
        ├── Conflict             409
        │   └── StaleEtag            412
        └── BadRequest           any other 4xx, and redirects, which are never followed

Two attributes carry policy. ``permanent``: the same request fails again until somebody changes
something. ``outcome_known``: it is certain that AEP did not carry the request out; where it is
False, a create must be looked up before it is sent again (API contract, sections 1.7 and 13).
"""

from __future__ import annotations

from typing import Any, Final

from flowsite.aep.codes import Explanation, explain

#: Without an answer there is neither code nor status; it is explained as its nearest relative.
GATEWAY_TIMEOUT: Final = 504


class AepError(Exception):
    """Base. ``str()`` is a sentence for people; ``message`` holds AEP's own words.

    ``code`` is AEP's (``FLOW-1439-404``, ``403010``), ``request_id`` what Adobe's support asks for,
    ``retry_after_s`` the wait that AEP or our throttle asks for. No secret is in any of them.
    """

    permanent = False
    outcome_known = True
    lead = "The call to Experience Platform failed"
    #: The HTTP status whose explanation fits, where the one that came says nothing.
    explained_as: int | None = None

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        operation: str = "",
        permanent: bool | None = None,
        outcome_known: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.operation = operation
        if permanent is not None:
            self.permanent = permanent
        if outcome_known is not None:
            self.outcome_known = outcome_known

    def __str__(self) -> str:
        text = f"{self.lead}: {self.message}" if self.message else self.lead
        if self.code and self.code not in text:
            return f"{text.rstrip('.')} ({self.code})."
        return text if text.endswith((".", "!", "?", "…")) else f"{text}."

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.status}, {self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword arguments would be lost when a task queue pickles the exception.
        return (_rebuilt, (type(self), self.message, self.__dict__))

    @property
    def explanation(self) -> Explanation:
        """Cause, whose turn it is, and the remedy."""
        return explain(self.code, self.explained_as or self.status)


def _rebuilt(kind: type[AepError], message: str, state: dict[str, Any]) -> AepError:
    error = kind(message)
    error.__dict__.update(state)
    return error


class NotSent(AepError):
    """The request was not sent: the address or a header is unusable, or a sandbox is missing."""

    permanent = True
    lead = "The request was not sent"


class ConnectionFailed(NotSent):
    """No connection to the host, so nothing has happened there."""

    permanent = False
    lead = "Experience Platform could not be reached"
    explained_as = GATEWAY_TIMEOUT


class AnswerLost(AepError):
    """The request was sent and no complete answer came back in time."""

    outcome_known = False
    lead = "Experience Platform did not answer"
    explained_as = GATEWAY_TIMEOUT


class MalformedAnswer(AepError):
    """AEP reported success in a form that can't be read."""

    outcome_known = False
    lead = "Experience Platform answered in an unknown form"
    explained_as = GATEWAY_TIMEOUT


class BadCredential(AepError):
    """Adobe's sign-in service refused the credential."""

    permanent = True
    lead = "Adobe refused the credential"

    @property
    def explanation(self) -> Explanation:
        return explain(self.code or "invalid_client", self.status)


class StatusError(AepError):
    """AEP answered with an error status."""

    lead = "Experience Platform refused the request"


class ServerError(StatusError):
    """5xx: AEP or something in front of it failed, perhaps after doing the work."""

    outcome_known = False
    lead = "Experience Platform failed"


class TooManyRequests(StatusError):
    """429. Nothing was done; ``retry_after_s`` says how long to wait."""

    lead = "Experience Platform asks for fewer requests"


class Unauthorized(StatusError):
    """The access token was refused, and a new one as well."""

    permanent = True
    lead = "Experience Platform refused the access token"


class Forbidden(StatusError):
    """A permission, a role or an entitlement is missing."""

    permanent = True
    lead = "Experience Platform does not permit this"


class NotFound(StatusError):
    """Not there, or hidden from this credential by an access label."""

    permanent = True
    lead = "Experience Platform does not find it"


class Conflict(StatusError):
    """The state of the object does not allow the request."""

    permanent = True
    lead = "Experience Platform sees a conflict"


class StaleEtag(Conflict):
    """412: the object was changed by somebody else since it was read. Read it again."""

    permanent = False
    lead = "The object was changed in the meantime"


class BadRequest(StatusError):
    """Another 4xx: the request itself is wrong."""

    permanent = True
