from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from flowsite.core import encrypted
from flowsite.credentials.models import Credential


def test_the_database_holds_no_plain_secret(credential):
    stored = Credential.objects.values_list("client_secret", flat=True).get(pk=credential.pk)

    assert "demo-secret" not in stored
    assert encrypted.decrypt(stored) == "demo-secret"


def test_an_old_key_still_opens_and_rotation_moves_to_the_new_one(settings):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.ENCRYPTION_KEYS = [old]
    stored = encrypted.encrypt("s3cr3t")

    settings.ENCRYPTION_KEYS = [new, old]
    rotated = encrypted.rotate(stored)
    settings.ENCRYPTION_KEYS = [new]

    assert encrypted.decrypt(rotated) == "s3cr3t"
    with pytest.raises(encrypted.Undecryptable):
        encrypted.decrypt(stored)
