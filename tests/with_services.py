"""Runs a command against a real PostgreSQL and Redis, made for it in temporary folders.

    python tests/with_services.py COMMAND [ARGUMENT …]

PostgreSQL refuses to run as root: then it runs as the user that Debian's package made.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(ready: Callable[[], bool], what: str, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not start within {within_s:.0f} s")
        time.sleep(0.1)


def listens(port: int) -> Callable[[], bool]:
    def check() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    return check


def postgres_program(name: str) -> str:
    """A server program; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    return path


@contextmanager
def postgres() -> Iterator[str]:
    """A database's address."""
    folder = Path(tempfile.mkdtemp(prefix="flowsite-postgres-"))
    owner: dict[str, int] = {}
    if os.getuid() == 0:
        person = pwd.getpwnam("postgres")
        os.chown(folder, person.pw_uid, person.pw_gid)
        owner = {"user": person.pw_uid, "group": person.pw_gid}
    data, port = folder / "data", free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run(
        [postgres_program("initdb"), "-D", data, "-U", "flowsite", "--auth=trust", "-E", "UTF8"],
        check=True,
        **quiet,  # type: ignore[call-overload]
        **owner,
    )
    options = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    options += ["-c", f"unix_socket_directories={folder}", "-c", "max_connections=200"]
    server = subprocess.Popen(
        [postgres_program("postgres"), "-D", data, "-p", str(port), *options],
        **quiet,  # type: ignore[call-overload]
        **owner,
    )
    try:
        wait_for(listens(port), "PostgreSQL")
        yield f"postgres://flowsite@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """A broker's address."""
    program = shutil.which("redis-server")
    if not program:
        raise SystemExit("Redis is not installed: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="flowsite-redis-") as folder:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
        server = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(listens(port), "Redis")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(20)


def main() -> int:
    with ExitStack() as stack:
        addresses = {
            "FLOWSITE_DATABASE_URL": stack.enter_context(postgres()),
            "FLOWSITE_BROKER_URL": stack.enter_context(redis()),
        }
        return subprocess.run(sys.argv[1:], env={**os.environ, **addresses}).returncode


if __name__ == "__main__":
    sys.exit(main())
