"""Real processes (web, worker, beat, broker, emulator) and a real Chromium."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[2]
REPLACED = ("htmx:afterRequest", "htmx:sendAbort")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo of its own, on embedded defaults."""
    data = tmp_path_factory.mktemp("demo")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLOWSITE_")}
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env={**clean, "FLOWSITE_DATA_DIR": str(data), "FLOWSITE_PORT": "0", "FLOWSITE_POLL_S": "5"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    said = []
    for line in demo.stdout:
        said.append(line)
        if found := re.search(r"ready: (http://\S+?)/?\s", line):
            break
    else:
        pytest.fail("the demo did not start:\n" + "".join(said))
    yield found[1]
    demo.send_signal(signal.SIGINT)
    demo.wait(30)
    demo.stdout.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its tests: while Playwright's loop runs, Django refuses to read its database."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, site: str) -> Iterator[Page]:
    """A fresh browser window; anything the console calls an error fails the test.

    Only htmx's own notice of a request that a newer one replaced is none.
    """
    context = chromium.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith(REPLACED):
            problems.append(line.text)

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []
