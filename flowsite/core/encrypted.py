"""A model field whose value is encrypted in the database."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from flowsite.core.redaction import remember
from flowsite.saying import say


class Undecryptable(Exception):
    """None of the keys in FLOWSITE_ENCRYPTION_KEYS opens a stored secret."""

    def __init__(self) -> None:
        super().__init__(
            say(
                "A stored secret can't be opened with the keys in FLOWSITE_ENCRYPTION_KEYS. "
                "Add the key it was saved with, or type the secret again."
            )
        )


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str, *, secret: bool = True) -> str:
    """Text as a Fernet token, made with the first key.

    ``secret=False``: rows or people's addresses, closed up in the database, but nothing that logs
    are searched for: addresses stand in the audit log, and rows would push the secrets out.
    """
    if secret:
        remember(text)
    return _box(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str, *, secret: bool = True) -> str:
    """``secret`` as for ``encrypt``. Raises Undecryptable."""
    try:
        text = _box(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error
    if secret:
        remember(text)
    return text


def rotate(token: str) -> str:
    """The same secret under the first key. Raises Undecryptable."""
    try:
        return _box(tuple(settings.ENCRYPTION_KEYS)).rotate(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Holds a Fernet token in memory and in the database; ``decrypt`` opens it where it is used.

    The value stays closed on the instance, so that printing, serialising or comparing a row can't
    show the secret.
    """

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "flowsite.core.encrypted.EncryptedTextField", args, kwargs
