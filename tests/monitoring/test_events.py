"""Word from Adobe I/O Events: signed, for us, once; the run itself is read from AEP."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.cache import cache
from django.test import Client

from flowsite.credentials import connect
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess
from flowsite.runs import events, poller, tasks
from flowsite.runs.models import FlowRun, SandboxSync

pytestmark = pytest.mark.django_db
ADOBE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_PATH = "/prod/keys/pub-key-1.pem"


class Keys:
    """Adobe's key host; everything else is the emulator."""

    def __init__(self, behind: httpx.BaseTransport) -> None:
        self.behind = behind
        self.asked: list[str] = []
        self.status = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith(".pem"):
            return self.behind.handle_request(request)
        self.asked.append(str(request.url))
        public = ADOBE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return httpx.Response(self.status, content=public)


@pytest.fixture
def keys(emulator: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Keys:
    cache.clear()
    settings.EVENTS = True
    made = Keys(httpx.WSGITransport(app=emulator))
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.MockTransport(made.answer))
    return made


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """For which runs a worker was called."""
    calls: list[tuple[str, str]] = []

    def send(task: object, *args: str) -> bool:
        calls.append((args[0], args[1]))
        return True

    monkeypatch.setattr("flowsite.monitoring.views.events.enqueue", send)
    return calls


def send(document: Any, key: Any = ADOBE, **more: str) -> Any:
    body = json.dumps(document).encode()
    signature = base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    headers = {
        "x-adobe-event-id": "event-1",
        "x-adobe-digital-signature-1": signature,
        "x-adobe-public-key1-path": KEY_PATH,
        **more,
    }
    sent = more.pop("sent", "")
    data = sent.encode() if sent else body
    return Client().post("/events/adobe/", data, content_type="application/json", headers=headers)


SHAPES = {
    "success": {"event_id": "1", "event": {"id": "run-1", "flowId": "flow-1", "metrics": {}}},
    "failure": [{"messages": [{"value": {"id": "run-1", "flowId": "flow-1"}}]}],
    "cloud": {"specversion": "1.0", "data": {"flowRunId": "run-1", "flowId": "flow-1"}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_known_shape_is_understood(shape: str, keys: Keys, called: list[Any]) -> None:
    assert send(SHAPES[shape]).status_code == 200
    assert called == [("flow-1", "run-1")]
    assert keys.asked == [f"https://static.adobeioevents.com{KEY_PATH}"]


def test_a_repeat_is_taken_once_and_the_key_fetched_once(keys: Keys, called: list[Any]) -> None:
    for _ in range(3):
        assert send(SHAPES["success"]).status_code == 200
    send(SHAPES["success"], **{"x-adobe-event-id": "event-2"})

    assert len(called) == 2
    assert len(keys.asked) == 1


@pytest.mark.parametrize(
    ("key", "more"),
    [
        (STRANGER, {}),
        (ADOBE, {"sent": '{"event": {"id": "run-2", "flowId": "flow-1"}}'}),
        (ADOBE, {"x-adobe-digital-signature-1": "not base64"}),
        (ADOBE, {"x-adobe-digital-signature-1": ""}),
        (ADOBE, {"x-adobe-public-key1-path": "https://evil.example/key.pem"}),
        (ADOBE, {"x-adobe-public-key1-path": "@evil.example/prod/keys/k.pem"}),
        (ADOBE, {"x-adobe-public-key1-path": "/prod/keys/../k.pem"}),
    ],
    ids=["forged", "tampered", "garbled", "unsigned", "other host", "user part", "dots"],
)
def test_what_adobe_did_not_sign_is_refused(
    key: Any, more: dict[str, str], keys: Keys, called: list[Any]
) -> None:
    assert send(SHAPES["success"], key, **more).status_code == 401
    assert called == []
    assert all(one.startswith("https://static.adobeioevents.com/prod/") for one in keys.asked)


def test_the_second_signature_is_enough(keys: Keys, called: list[Any]) -> None:
    body = json.dumps(SHAPES["success"]).encode()
    good = base64.b64encode(ADOBE.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    second = {"x-adobe-digital-signature-2": good, "x-adobe-public-key2-path": KEY_PATH}

    assert send(SHAPES["success"], STRANGER, **second).status_code == 200


def test_an_event_for_another_client_is_refused(
    keys: Keys, called: list[Any], credential: Credential
) -> None:
    ours = {**SHAPES["cloud"], "recipientclientid": credential.client_id}  # type: ignore[dict-item]
    theirs = {**SHAPES["cloud"], "recipientclientid": "somebody"}  # type: ignore[dict-item]

    assert send(theirs).status_code == 401
    assert send(ours).status_code == 200


def test_without_the_key_adobe_is_asked_to_repeat(keys: Keys, called: list[Any]) -> None:
    keys.status = 503
    assert send(SHAPES["success"]).status_code == 503
    keys.status = 200
    assert send(SHAPES["success"]).status_code == 200
    assert len(called) == 1


def test_without_a_worker_adobe_is_asked_to_repeat(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowsite.monitoring.views.events.enqueue", lambda *_: False)
    assert send(SHAPES["success"]).status_code == 503
    monkeypatch.setattr("flowsite.monitoring.views.events.enqueue", lambda *_: True)
    assert send(SHAPES["success"]).content == b"Taken."


def test_the_challenge_is_echoed_as_text(client: Client, keys: Keys) -> None:
    response = client.get("/events/adobe/?challenge=%3Cb%3Ex")

    assert response.content == b"<b>x"
    assert response.headers["Content-Type"].startswith("text/plain")


def test_it_is_off_unless_switched_on(client: Client, db: None) -> None:
    assert client.get("/events/adobe/?challenge=x").status_code == 404
    assert client.post("/events/adobe/").status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"7"])
def test_what_is_no_event_is_refused(client: Client, keys: Keys, body: bytes) -> None:
    response = client.post("/events/adobe/", body, content_type="application/json")

    assert response.status_code == 401


def test_the_run_is_read_from_aep(emulator: Any, keys: Keys, access: SandboxAccess) -> None:
    sandbox: Sandbox = access.sandbox
    poller.poll_once(sandbox)
    emulator.world.clock.advance(7 * 3600)
    emulator.tick()
    stored = emulator.world.store.rows("SELECT * FROM runs WHERE sandbox = 'dev' ORDER BY seq")
    newest = stored[-1]
    assert not FlowRun.objects.filter(run_id=newest["id"]).exists()

    tasks.read_event_run(newest["flow_id"], newest["id"])
    tasks.read_event_run(newest["flow_id"], newest["id"])
    tasks.read_event_run("no such flow", newest["id"])

    assert FlowRun.objects.get(run_id=newest["id"]).dataflow.flow_id == newest["flow_id"]


def test_a_run_that_cannot_be_read_is_left_to_polling(
    emulator: Any, keys: Keys, access: SandboxAccess
) -> None:
    poller.poll_once(access.sandbox)
    flow_id = FlowRun.objects.values_list("dataflow__flow_id", flat=True)[0]
    before = SandboxSync.objects.get().due_at

    tasks.read_event_run(flow_id, "no-such-run")

    assert SandboxSync.objects.get().due_at < before


def test_paths_at_random_do_not_make_us_ask_without_end(keys: Keys, called: list[Any]) -> None:
    keys.status = 404
    for number in range(events.MOST_FETCHES + 5):
        path = {"x-adobe-public-key1-path": f"/prod/keys/{number}.pem"}
        assert send(SHAPES["success"], **path).status_code == 503

    assert len(keys.asked) == events.MOST_FETCHES
