"""The emulator on a port: kept-alive connections, cuts, threads, the command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from flowsite.emulator.app import create_app
from flowsite.emulator.config import EmulatorConfig
from flowsite.emulator.server import Server
from tests.emulator.caller import FLOW, PAYPAL, REGISTRY, TOKEN_FORM, Caller

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[Server]:
    emulator = create_app(config=EmulatorConfig(past_runs=0))
    made = Server(emulator, "127.0.0.1", 0)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()
    emulator.close()


@pytest.fixture
def caller(server: Server) -> Iterator[Caller]:
    client = httpx.Client(base_url=f"http://127.0.0.1:{server.port}")
    with Caller(server.emulator, client=client) as made:
        yield made


def test_ids_with_slashes_survive_the_wire(caller: Caller) -> None:
    schema_id, _ = caller.schema("Mine", {"a": {"type": "string"}})
    accept = {"Accept": "application/vnd.adobe.xed-full+json; version=1"}

    encoded = schema_id.replace(":", "%3A").replace("/", "%2F")
    answer = caller.get(f"{REGISTRY}/tenant/schemas/{encoded}", headers=accept)

    assert answer.json()["$id"] == schema_id


def test_a_body_in_chunks_and_the_next_request_on_the_same_connection(caller: Caller) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"name": "made", "connectionSpec": '
        yield b'{"id": "%s", "version": "1.0"}}' % PAYPAL.encode()

    headers = {"Content-Type": "application/json"}
    answer = caller.send(
        "POST", f"{FLOW}/connections?mode=draft", content=chunks(), headers=headers
    )

    assert answer.status_code == 201
    assert caller.get(f"{FLOW}/connections").status_code == 200


def test_a_cut_connection_is_a_read_error(caller: Caller) -> None:
    fault = {"kind": "drop", "path": "/flows", "times": 1, "committed": True}
    caller.client.post("/_emulator/faults", json=fault)

    with pytest.raises(httpx.RemoteProtocolError):
        caller.get(f"{FLOW}/flows")
    assert caller.get(f"{FLOW}/flows").status_code == 200


def test_many_callers_at_once_make_distinct_objects(caller: Caller) -> None:
    body = {"name": "made", "connectionSpec": {"id": PAYPAL, "version": "1.0"}}

    def make(_: int) -> str:
        return str(caller.post(f"{FLOW}/connections?mode=draft", json=body).json()["id"])

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(make, range(40)))

    counted = caller.get(f"{FLOW}/connections", params={"property": "name==made", "count": "true"})
    assert (len(set(ids)), counted.json()["count"]) == (40, 40)


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "emulator", *arguments],
        cwd=ROOT,
        env={**os.environ, "FLOWSITE_LOG_LEVEL": "INFO"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_and_stops_when_told(tmp_path: Path) -> None:
    process = _start("--port", "0", "--data", str(tmp_path / "deep" / "e.sqlite3"))
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]

    answer = httpx.post(f"{address}/ims/token/v3", data=TOKEN_FORM)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=10)

    assert answer.status_code == 200
    assert process.returncode == 0
    assert "POST /ims/token/v3 200" in log
    assert TOKEN_FORM["client_secret"] not in log
    assert answer.json()["access_token"] not in log


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = _start("--port", str(port))
        _, log = process.communicate(timeout=20)

    assert process.returncode == 1
    assert f"Port {port}" in log
