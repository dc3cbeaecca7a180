from __future__ import annotations

import httpx
import pytest

from flowsite.aep.data_access import split_meta_url
from flowsite.aep.errors import BadRequest, NotFound

from .peer import Peer, ok, problem

BASE = "/data/foundation/export"
FILE = {"name": "conversion_errors_0.json", "length": "1162"}


def access(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().data_access


def test_files():
    peer, data_access = access(ok({"data": [FILE], "_page": {"count": 1}}), ok({"data": []}))

    files = data_access.row_error_files("01H")

    assert [(file.name, file.length_bytes) for file in files] == [
        ("conversion_errors_0.json", 1162)
    ]
    assert peer.paths[0] == f"GET {BASE}/batches/01H/meta?path=row_errors&limit=100&start=0"


@pytest.mark.parametrize("file", ["a b+c.json", "row_errors/a b+c.json"])
def test_rows_stream(file):
    text = '{"_errors":[{"code":"MAPPER-3700-400"}],"a":"\u2028"}\n\nnot json\n[1]\n{"b":NaN}'
    peer, data_access = access(httpx.Response(200, content=text.encode()))

    rows = list(data_access.row_errors("01H", file))

    assert rows == [
        {"_errors": [{"code": "MAPPER-3700-400"}], "a": "\u2028"},
        {"_errors": [], "_corrupt_record": "not json"},
        {"_errors": [], "_corrupt_record": "1"},
        {"b": None},
    ]
    assert peer.paths == [f"GET {BASE}/batches/01H/meta?path=row_errors%2Fa%20b%2Bc.json"]


def test_rows_close_the_answer_when_nobody_reads_on():
    closed = []

    class Stream(httpx.SyncByteStream):
        def __iter__(self):
            while True:
                yield b'{"a": 1}\n'

        def close(self):
            closed.append(True)

    _, data_access = access(httpx.Response(200, stream=Stream()))
    rows = data_access.row_errors("01H", "f")

    assert [next(rows), next(rows)] == [{"a": 1}, {"a": 1}]
    rows.close()
    assert closed == [True]


def test_rows_of_an_unknown_batch():
    with pytest.raises(NotFound):
        list(access(problem(404))[1].row_errors("01H", "f"))


@pytest.mark.parametrize(
    "address",
    [
        "https://platform.adobe.io:443/data/foundation/export/batches/01H/meta?path=row_error_samples.json",
        "https://evil.example/batches/01H/meta?path=row_error_samples.json",
        "01H",
    ],
)
def test_samples_are_asked_of_our_own_host(address):
    peer, data_access = access(httpx.Response(200, content=b'[{"a": 1}, {"a": 2}]'))

    assert list(data_access.sample_errors(address)) == [{"a": 1}, {"a": 2}]
    assert str(peer.requests[0].url) == (
        f"https://platform.example{BASE}/batches/01H/meta?path=row_error_samples.json"
    )


def test_address_parts():
    url = "https://x/data/foundation/export/batches/01%2FH/meta?path=row_errors%2Ff.json"

    assert split_meta_url(url) == ("01/H", "row_errors/f.json")


@pytest.mark.parametrize(
    "address",
    [
        "https://x/",
        "https://x/batches/01H/meta",
        "https://x/batches",
        "https://x/batches/01H/meta?path=../../secret",
        "/batches//meta?path=x",
    ],
)
def test_addresses_that_name_no_batch(address):
    with pytest.raises(BadRequest):
        split_meta_url(address)
