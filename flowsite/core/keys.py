"""Keys that development makes once and keeps; production must be given its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def new_secret_key() -> str:
    """Random text for ``FLOWSITE_SECRET_KEY``."""
    return secrets.token_urlsafe(50)


def new_fernet_key() -> str:
    """A Fernet key for ``FLOWSITE_ENCRYPTION_KEYS``."""
    return Fernet.generate_key().decode()


def kept_key(path: Path, make: Callable[[], str]) -> str:
    """The key in ``path``, made on first use: mode 600, also when several processes start."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
        try:
            os.link(draft, path)  # exclusive, and never seen half-written
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def check_fernet_keys(fernet_keys: list[str]) -> None:
    """Raises ImproperlyConfigured, without showing a key, if one of them is none."""
    for position, key in enumerate(fernet_keys, 1):
        try:
            Fernet(key)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"FLOWSITE_ENCRYPTION_KEYS: key {position} is not a Fernet key"
            ) from error
