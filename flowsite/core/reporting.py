"""Reports of errors to Sentry, where an installation asks for them; nothing leaves unredacted."""

from __future__ import annotations

from typing import Any

from flowsite.core.redaction import redact


def start_sentry(dsn: str, environment: str) -> None:
    """Reports every error that is logged or not caught. Raises ValueError for a bad address."""
    import sentry_sdk  # noqa: PLC0415 -- an optional extra

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        # Neither local variables nor what people sent: both hold secrets and customers' data.
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_redacted,
        before_breadcrumb=_redacted,
    )


def _redacted(event: Any, hint: Any) -> Any:
    """The same event as the logs would tell it."""
    del hint
    return redact(event)
