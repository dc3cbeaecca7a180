"""Child processes under one parent: started in order, watched, stopped in reverse.

Each child has a session of its own, so that the terminal's Ctrl-C reaches only the parent, and asks
the kernel to be ended with it (Linux), so that a killed parent leaves nothing behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
#: A child that ends sooner than that after its start counts as unable to start.
SHORT_LIFE_S = 5
MOST_SHORT_LIVES = 3


class StartFailed(Exception):
    """A child ended or stayed silent; says which one and shows the end of its log."""


@dataclass
class Child:
    """One process: how it is started, how long it may take to stop (seconds)."""

    name: str
    command: Sequence[str]
    stop_s: float = 8
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    short_lives: int = 0

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Supervisor:
    """Holds the children; ``log_dir`` takes one log file each."""

    def __init__(self, log_dir: Path, say: Callable[[str], None]):
        self._log_dir = log_dir
        self._say = say
        self._children: list[Child] = []
        self._stopping = False
        log_dir.mkdir(parents=True, exist_ok=True)

    def start(
        self, child: Child, ready: Callable[[], bool] | None = None, within_s: float = 30
    ) -> None:
        """Starts a child and waits until ``ready``. Raises StartFailed."""
        self._children.append(child)
        self._launch(child)
        deadline = time.monotonic() + within_s
        while ready is not None and not ready():
            if not child.alive() or time.monotonic() > deadline:
                raise StartFailed(f"{child.name} did not start.\n{self._log_end(child)}")
            time.sleep(0.05)

    def watch(self) -> None:
        """Restarts children that end, until ``stop`` is asked for. Raises StartFailed."""
        while not self._stopping:
            for child in self._children:
                if not child.alive() and not self._stopping:
                    self._restart(child)
            time.sleep(0.3)

    def ask_to_stop(self) -> None:
        """Ends ``watch``; safe in a signal handler."""
        self._stopping = True

    def stop(self) -> None:
        """Stops the children in reverse order, killing what doesn't end in its time."""
        for child in reversed(self._children):
            if child.process is None or not child.alive():
                continue
            child.process.terminate()
            try:
                child.process.wait(child.stop_s)
            except subprocess.TimeoutExpired:
                self._say(f"{child.name} is slow to stop and is ended.")
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()

    def _launch(self, child: Child) -> None:
        with (self._log_dir / f"{child.name}.log").open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603 -- our own commands
                child.command,
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        child.started_at = time.monotonic()

    def _restart(self, child: Child) -> None:
        short = time.monotonic() - child.started_at < SHORT_LIFE_S
        child.short_lives = child.short_lives + 1 if short else 0
        if child.short_lives >= MOST_SHORT_LIVES:
            raise StartFailed(f"{child.name} keeps ending.\n{self._log_end(child)}")
        self._say(f"{child.name} ended and is started again.")
        self._launch(child)

    def _log_end(self, child: Child, lines: int = 15) -> str:
        path = self._log_dir / f"{child.name}.log"
        text = path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(["Its log ends with:", *text])
