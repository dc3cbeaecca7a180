"""Serving the emulator on a port: threads, kept-alive connections, cuts on order.

The standard library's WSGI server speaks HTTP/1.0 and answers a failing program with 500;
this handler keeps connections alive and closes the socket when the program asks for that.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from flowsite.emulator.app import Emulator
from flowsite.emulator.config import ConnectionDropped

logger = logging.getLogger("flowsite.emulator")
IDLE_S = 60
TICK_S = 0.5


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "emulator"
    sys_version = ""
    timeout = IDLE_S
    server: Server
    # Header and body leave in one segment; two would wait for each other (Nagle, delayed ACK).
    wbufsize = 64 * 1024
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        with self.server.working():
            try:
                chunks = self.server.emulator(self._environ(), self._start)
            except ConnectionDropped:
                self.close_connection = True
                return
            for chunk in chunks:
                self.wfile.write(chunk)
            self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self._body()),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                environ[f"HTTP_{key}"] = value
        return environ

    def _body(self) -> bytes:
        """Read whole in any case: what is left over would be taken for the next request."""
        length = self.headers.get("Content-Length", "")
        if length.isdigit():
            return self.rfile.read(int(length))
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return b""
        parts = []
        while size := int(self.rfile.readline(100).partition(b";")[0].strip() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline(10)
        self.rfile.readline(10)
        body = b"".join(parts)
        self.headers["Content-Length"] = str(len(body))
        return body

    def _start(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The program logs its own requests, without query and headers."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, emulator: Emulator, host: str, port: int) -> None:
        """Raises OSError when the port is taken."""
        self.emulator = emulator
        self._working = 0
        self._rest = threading.Condition()
        super().__init__((host, port), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        with self._rest:
            self._working += 1
        try:
            yield
        finally:
            with self._rest:
                self._working -= 1
                self._rest.notify_all()

    def wait_for_rest(self, at_most_s: float) -> bool:
        """After ``shutdown``: lets requests in hand finish, so that the store can be closed."""
        with self._rest:
            return self._rest.wait_for(lambda: self._working == 0, timeout=at_most_s)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away isn't worth a stack trace."""
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("a connection failed")


class Clockwork:
    """The thread that does what is due, twice a second."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulator-clockwork", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._emulator.tick()
            except Exception:
                logger.exception("a tick failed")

    def stop(self) -> None:
        self._stop.set()
        with contextlib.suppress(RuntimeError):
            self._thread.join(timeout=5)
