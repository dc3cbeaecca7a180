from __future__ import annotations

from dataclasses import replace

from .peer import CONFIG, Peer, ok

DEV = {
    "name": "dev-eu",
    "title": "Dev EU",
    "state": "active",
    "type": "development",
    "region": "NLD2",
    "isDefault": "false",
    "eTag": 3,
}


def page(*rows):
    return ok({"sandboxes": list(rows), "_page": {"limit": 50, "count": len(rows)}, "_links": {}})


def test_list_needs_no_sandbox_and_gives_both_parameters():
    peer = Peer(page(DEV), page())

    rows = list(peer.platform(config=replace(CONFIG, sandbox=None)).sandboxes.list())

    assert [(r.name, r.title, r.type, r.is_active, r.is_default) for r in rows] == [
        ("dev-eu", "Dev EU", "development", True, False)
    ]
    assert peer.paths[0] == "GET /data/foundation/sandbox-management/?limit=50&offset=0"
    assert "x-sandbox-name" not in peer.requests[0].headers


def test_pages_of_one_lose_nothing():
    rows = [{**DEV, "name": f"s{n}", "state": "ACTIVE"} for n in range(3)]
    peer = Peer(*[page(row) for row in rows], page())

    found = list(peer.platform().sandboxes.list())

    assert [row.name for row in found] == ["s0", "s1", "s2"]
    assert all(row.is_active for row in found)
    assert [dict(peer.query(n))["offset"] for n in range(4)] == ["0", "1", "2", "3"]
