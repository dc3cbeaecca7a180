"""Real processes (web, worker, beat, broker, emulator) and a real Chromium."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
REPLACED = ("htmx:afterRequest", "htmx:sendAbort")
# A machine that does other things too is slow, not wrong.
expect.set_options(timeout=15_000)
WIDE_PAGES = {"flow_page_max": 100, "flow_page_default": 100, "registry_page_max": 300}
ARGUMENTS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Orders:
    """What the demo's emulator is told to do."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/_emulator"

    def give(self, what: str, body: dict[str, Any]) -> None:
        httpx.post(f"{self.base}/{what}", json=body, timeout=10).raise_for_status()

    def fault(self, kind: str, path: str, **more: Any) -> None:
        """Something goes wrong at every call to ``path``, a regular expression."""
        self.give("faults", {"kind": kind, "path": path, **more})

    def heal(self) -> None:
        httpx.delete(f"{self.base}/faults", timeout=10).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.base}/faults", timeout=10).json()["faults"]
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def emulator_port() -> int:
    return free_port()


@pytest.fixture
def aep(site: str, emulator_port: int) -> Iterator[Orders]:
    """Orders to the emulator; what a test breaks is mended after it."""
    orders = Orders(emulator_port)
    yield orders
    orders.heal()


@contextmanager
def running_demo(data: Path, *options: str, port: int | None = None) -> Iterator[tuple[str, int]]:
    """The address of a demo of its own, on embedded defaults, and its emulator's port."""
    port = port or free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLOWSITE_")}
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo", *options],
        cwd=ROOT,
        env={
            **clean,
            "FLOWSITE_DATA_DIR": str(data),
            "FLOWSITE_PORT": "0",
            "FLOWSITE_EMULATOR_PORT": str(port),
            "FLOWSITE_POLL_S": "5",
        },
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
        raise AssertionError("the demo did not start:\n" + "".join(said))
    try:
        yield found[1], port
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)
        demo.stdout.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, emulator_port: int) -> Iterator[str]:
    """The address of a demo with awkward names and many tables in it."""
    data = tmp_path_factory.mktemp("demo")
    odd = ("--emulator", "--hostile --extra-tables 60")
    with running_demo(data, *odd, port=emulator_port) as (address, _):
        # Odd names are wanted, pages of one object are not: they only take time.
        Orders(emulator_port).give("config", WIDE_PAGES)
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its tests: while Playwright's loop runs, Django refuses to read its database."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def expected_noise() -> list[str]:
    """Beginnings of console errors that the test brings about on purpose."""
    return []


@pytest.fixture
def page(chromium: Browser, site: str, expected_noise: list[str]) -> Iterator[Page]:
    """A fresh browser window; anything the console calls an error fails the test.

    Only htmx's own notice of a request that a newer one replaced is none.
    """
    context = chromium.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith((*REPLACED, *expected_noise)):
            problems.append(line.text)

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []
