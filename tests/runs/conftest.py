from __future__ import annotations

import pytest

from flowsite.credentials.models import Sandbox, SandboxAccess


@pytest.fixture
def sandbox(access: SandboxAccess) -> Sandbox:
    return access.sandbox
