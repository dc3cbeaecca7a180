"""A place to measure in: an empty database in a temporary folder, and an emulator process.

Importing this module sets Django up; nothing of a person's own data is touched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = tempfile.TemporaryDirectory(prefix="flowsite-bench-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowsite.settings")
os.environ["FLOWSITE_DATA_DIR"] = FOLDER.name
os.environ.setdefault("FLOWSITE_LOG_LEVEL", "ERROR")
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402

from flowsite.credentials.models import SandboxAccess  # noqa: E402
from flowsite.credentials.services import find_access  # noqa: E402
from flowsite.demo.seed import seed_credential  # noqa: E402
from flowsite.people.models import Team  # noqa: E402


def make_database() -> Team:
    """Migrates, and gives the team everything belongs to."""
    call_command("migrate", verbosity=0)
    return Team.objects.get(name="Default")


@contextmanager
def emulator(latency_s: float, *options: str) -> Iterator[str]:
    """The address of an emulator that answers each call after ``latency_s``."""
    command = [sys.executable, "manage.py", "emulator", "--latency-s", str(latency_s), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found, "the emulator did not start"
    try:
        yield found[0]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def access_to(team: Team, url: str) -> SandboxAccess:
    """The emulator's development sandbox."""
    credential = seed_credential(
        team,
        org_id="ACME@AdobeOrg",
        client_id="demo-client",
        client_secret="demo-secret",
        url=url,
    )
    return find_access(credential, "dev")
