from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed


class PeopleConfig(AppConfig):
    name = "flowsite.people"

    def ready(self) -> None:
        from axes.signals import user_locked_out  # noqa: PLC0415 -- needs loaded models

        user_logged_in.connect(signed_in)
        user_logged_out.connect(signed_out)
        user_login_failed.connect(sign_in_failed)
        user_locked_out.connect(locked_out)


def signed_in(request: Any, user: Any, **_: Any) -> None:
    from flowsite.people import audit  # noqa: PLC0415 -- needs loaded models

    audit.record("person.signed_in", request=request, user=user, obj=user)


def signed_out(request: Any, user: Any, **_: Any) -> None:
    from flowsite.people import audit  # noqa: PLC0415 -- needs loaded models

    if user is not None:
        audit.record("person.signed_out", request=request, user=user, obj=user)


def sign_in_failed(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    from flowsite.people import audit  # noqa: PLC0415 -- needs loaded models

    name = str(credentials.get("username", ""))[:150]
    audit.record("person.sign_in_failed", request=request, actor=name, object_name=name)


def locked_out(request: Any = None, username: str = "", **_: Any) -> None:
    from flowsite.people import audit  # noqa: PLC0415 -- needs loaded models

    name = str(username)[:150]
    audit.record("person.locked_out", request=request, actor=name, object_name=name)
