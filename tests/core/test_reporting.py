"""What reaches Sentry: a local stand-in takes the reports of a real process."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli
import pytest

ROOT = Path(__file__).parents[2]
#: The secret is remembered by being encrypted, then turns up where it should not.
SCRIPT = """
import django, logging
django.setup()
import sentry_sdk
from flowsite.core.encrypted import encrypt
secret = "canary-" + "report-1"
encrypt(secret)
log = logging.getLogger("flowsite.tests")
log.warning("before %s", secret)
try:
    raise RuntimeError(f"refused {secret}")
except RuntimeError:
    log.exception("failed with %s", secret, extra={"client_secret": "canary-report-2"})
sentry_sdk.flush(10)
"""


@pytest.fixture
def ingest():
    """Address and received bodies of a stand-in for Sentry."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {"gzip": gzip.decompress, "br": brotli.decompress}
            bodies.append(unpack[self.headers["Content-Encoding"]](body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", bodies
    server.shutdown()
    server.server_close()
    thread.join()


def run(tmp_path: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLOWSITE_")}
    given = {"FLOWSITE_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "flowsite.settings"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**clean, **given, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_error_is_reported_without_its_secrets(tmp_path, ingest):
    address, bodies = ingest

    result = run(tmp_path, SCRIPT, FLOWSITE_SENTRY_DSN=address)

    assert result.returncode == 0, result.stderr
    told = b"\n".join(bodies).decode()
    assert "RuntimeError" in told
    assert "refused •••" in told.replace(r"\u2022", "•")
    assert "canary-report" not in told


def test_without_the_variable_nothing_is_started(tmp_path):
    code = "import django; django.setup(); import sentry_sdk; print(sentry_sdk.is_initialized())"

    assert run(tmp_path, code).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("before", "address", "words"),
    [
        pytest.param("", "nonsense", "FLOWSITE_SENTRY_DSN: ", id="no address"),
        pytest.param(
            "import sys, importlib.util as u; f = u.find_spec;"
            "u.find_spec = lambda name, *a: None if name == 'sentry_sdk' else f(name, *a);",
            "http://key@127.0.0.1:1/1",
            "FLOWSITE_SENTRY_DSN needs a package: pip install",
            id="package missing",
        ),
    ],
)
def test_a_start_that_can_not_report_stops_and_says_why(tmp_path, before, address, words):
    result = run(tmp_path, before + "import django; django.setup()", FLOWSITE_SENTRY_DSN=address)

    assert result.returncode != 0
    assert words in result.stderr.splitlines()[-1]
