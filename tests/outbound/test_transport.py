from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowsite.outbound.addresses import AddressRefused
from flowsite.outbound.transport import CheckedTransport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """A socket on 127.0.0.1 that hands each connection to ``serve``."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        self._serve = serve
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                self._serve(connection)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(handler: Callable[[socket.socket], None]) -> Server:
        servers.append(Server(handler))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (chunk := connection.recv(4096)):
            break
        head += chunk
    return head


def answering(heads: list[bytes]) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        while head := read_head(connection):
            heads.append(head)
            connection.sendall(ANSWER)

    return handle


class Names:
    """A resolver that answers in order and keeps what it was asked; the last answer stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def get(transport: httpx.BaseTransport, url: str, **extensions: object) -> httpx.Response:
    timeout = httpx.Timeout(5).as_dict()
    request = httpx.Request("GET", url, extensions={"timeout": timeout, **extensions})
    response = transport.handle_request(request)
    response.read()
    response.close()
    return response


def test_an_allowed_host_is_called_at_its_checked_address(serve):
    heads: list[bytes] = []
    server, names = serve(answering(heads)), Names(["127.0.0.1"])

    with CheckedTransport(["svc.example"], resolve=names) as transport:
        response = get(transport, f"http://svc.example:{server.port}/x")

    assert (response.status_code, response.content) == (200, b"ok")
    assert b"Host: svc.example" in heads[0]
    assert names.asked == ["svc.example"]


def test_connections_are_kept_and_not_resolved_again(serve):
    server, names = serve(answering([])), Names(["127.0.0.1"])

    with CheckedTransport(["svc.example"], resolve=names) as transport:
        for _ in range(3):
            get(transport, f"http://svc.example:{server.port}/")

    assert (server.connections, len(names.asked)) == (1, 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
    ],
)
def test_an_internal_address_is_not_even_connected_to(serve, url):
    server = serve(answering([]))

    with CheckedTransport([]) as transport, pytest.raises(AddressRefused, match="internal"):
        get(transport, url.format(port=server.port))

    assert server.connections == 0


def test_plain_http_to_a_host_that_is_not_listed(serve):
    server, names = serve(answering([])), Names(["93.184.216.34"])

    with CheckedTransport([], resolve=names) as transport, pytest.raises(AddressRefused):
        get(transport, f"http://hooks.example:{server.port}/")

    assert (server.connections, names.asked) == (0, [])


def test_a_name_that_changes_to_an_internal_address_is_refused(serve):
    server = serve(answering([]))
    names = Names(["93.184.216.34"], ["127.0.0.1"])
    names("hooks.example", 443)  # the check when the address was typed

    with CheckedTransport([], resolve=names) as transport, pytest.raises(AddressRefused):
        get(transport, f"https://hooks.example:{server.port}/")

    assert server.connections == 0


def test_a_name_with_one_internal_address_is_refused(serve):
    names = Names(["93.184.216.34", "127.0.0.1"])

    with CheckedTransport([], resolve=names) as transport, pytest.raises(AddressRefused):
        get(transport, "https://hooks.example/")


def test_the_next_address_is_tried(serve):
    server, names = serve(answering([])), Names(["127.0.0.2", "127.0.0.1"])

    with CheckedTransport(["svc.example"], resolve=names) as transport:
        assert get(transport, f"http://svc.example:{server.port}/").status_code == 200


def test_nobody_listens(serve):
    server = serve(answering([]))
    server.close()
    server.close = lambda: None

    with CheckedTransport(["127.0.0.1"]) as transport, pytest.raises(httpx.ConnectError) as caught:
        get(transport, f"http://127.0.0.1:{server.port}/")

    assert not isinstance(caught.value, AddressRefused)


def test_a_redirect_is_an_answer_like_others(serve):
    def redirect(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
        )

    server = serve(redirect)

    with CheckedTransport(["127.0.0.1"]) as transport:
        assert get(transport, f"http://127.0.0.1:{server.port}/").status_code == 302


def test_a_client_that_follows_redirects_is_checked_at_each_step(serve):
    inside = serve(answering([]))

    def redirect(connection: socket.socket) -> None:
        read_head(connection)
        target = f"http://127.0.0.1:{inside.port}/".encode()
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + target + b"\r\n\r\n"
        )

    server, names = serve(redirect), Names(["127.0.0.1"])
    transport = CheckedTransport(["svc.example"], resolve=names)

    with (
        httpx.Client(transport=transport, follow_redirects=True) as client,
        pytest.raises(AddressRefused),
    ):
        client.get(f"http://svc.example:{server.port}/")

    assert inside.connections == 0


def test_a_head_that_trickles_is_cut_at_the_whole_limit(serve):
    stop = threading.Event()

    def trickle(connection: socket.socket) -> None:
        read_head(connection)
        for byte in ANSWER[:20] + b"x" * 1000:
            connection.sendall(bytes([byte]))
            if stop.wait(0.02):
                return

    server = serve(trickle)
    started = time.monotonic()

    with CheckedTransport(["127.0.0.1"]) as transport, pytest.raises(httpx.ReadTimeout):
        get(transport, f"http://127.0.0.1:{server.port}/", total_s=0.3)

    stop.set()
    assert time.monotonic() - started < 2


def test_one_threads_limit_is_not_anothers(serve):
    server = serve(answering([]))

    with CheckedTransport(["127.0.0.1"]) as transport:
        get(transport, f"http://127.0.0.1:{server.port}/", total_s=5)
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(get, transport, f"http://127.0.0.1:{server.port}/")
            assert done.result(5).status_code == 200


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "svc.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("svc.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def test_tls_keeps_the_name_and_checks_the_certificate(serve, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    heads: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        with (
            contextlib.suppress(ssl.SSLError, OSError),
            context.wrap_socket(connection, server_side=True) as secure,
        ):
            heads.append(read_head(secure))

    server, names = serve(handle), Names(["127.0.0.1"])

    with (
        CheckedTransport(["svc.example"], resolve=names) as transport,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        get(transport, f"https://svc.example:{server.port}/")

    assert asked == ["svc.example"]
    assert heads in ([], [b""])  # nothing was sent to a host that could not prove its name
