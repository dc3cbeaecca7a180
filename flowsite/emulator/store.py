"""The emulator's memory: one SQLite file, one connection, one lock.

Objects of every service lie in one table as JSON beside the few columns that lists sort and
search by. Runs, batches and rows are many and have tables of their own. A transaction holds
the lock, so two requests never see each other half done; nothing waits while holding it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowsite.emulator.web import Scope

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY, org TEXT NOT NULL, client_id TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, org TEXT NOT NULL, sandbox TEXT NOT NULL,
    id TEXT NOT NULL, name TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    body TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_id ON objects (kind, org, sandbox, id);
CREATE INDEX IF NOT EXISTS objects_name ON objects (kind, org, sandbox, name);
CREATE INDEX IF NOT EXISTS objects_updated ON objects (kind, org, sandbox, updated_at, seq);
CREATE INDEX IF NOT EXISTS objects_settling ON objects (json_extract(hidden, '$.settles_at'))
    WHERE json_extract(hidden, '$.settles_at') IS NOT NULL;
CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, org TEXT NOT NULL, sandbox TEXT NOT NULL,
    flow_id TEXT NOT NULL, status TEXT NOT NULL COLLATE NOCASE, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, started_at INTEGER, completed_at INTEGER, due_at REAL,
    etag TEXT NOT NULL, detail TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS runs_id ON runs (id);
CREATE INDEX IF NOT EXISTS runs_status ON runs (org, sandbox, status, created_at, seq);
CREATE INDEX IF NOT EXISTS runs_created ON runs (org, sandbox, created_at, seq);
CREATE INDEX IF NOT EXISTS runs_started ON runs (org, sandbox, started_at);
CREATE INDEX IF NOT EXISTS runs_flow ON runs (flow_id, created_at, seq);
CREATE INDEX IF NOT EXISTS runs_due ON runs (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS schedules (
    flow_id TEXT PRIMARY KEY, org TEXT NOT NULL, sandbox TEXT NOT NULL, due_at REAL,
    read_until REAL);
CREATE INDEX IF NOT EXISTS schedules_due ON schedules (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS batch_files (
    batch_id TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (batch_id, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lake_rows (
    seq INTEGER PRIMARY KEY, dataset_id TEXT NOT NULL, batch_id TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS lake_dataset ON lake_rows (dataset_id, seq);
CREATE TABLE IF NOT EXISTS added_rows (
    seq INTEGER PRIMARY KEY, account_id TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS added_path ON added_rows (account_id, path);
"""


@dataclass
class Stored:
    """An object of a service. ``body`` is what its reader sees, ``hidden`` what only the
    emulator knows (times are epoch milliseconds)."""

    kind: str
    scope: Scope
    id: str
    body: dict[str, Any]
    name: str | None = None
    created_at: int = 0
    updated_at: int = 0
    hidden: dict[str, Any] = field(default_factory=dict)
    seq: int = 0


class Store:
    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; may be nested, the outermost one decides."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    # --- Plain SQL -----------------------------------------------------------------------------

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """The number of rows touched."""
        with self._lock:
            return self._db.execute(sql, params).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._lock:
            self._db.executemany(sql, rows)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, params).fetchall()

    def row(self, sql: str, params: Sequence[Any] = ()) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, params).fetchone()
            return found

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        found = self.row(sql, params)
        return None if found is None else found[0]

    # --- Notes ---------------------------------------------------------------------------------

    def note(self, key: str) -> Any:
        text = self.value("SELECT value FROM meta WHERE key = ?", (key,))
        return None if text is None else json.loads(text)

    def set_note(self, key: str, value: Any) -> None:
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    # --- Objects -------------------------------------------------------------------------------

    def insert(self, stored: Stored) -> None:
        self.execute(
            "INSERT INTO objects (kind, org, sandbox, id, name, created_at, updated_at, body,"
            " hidden) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                stored.kind,
                *stored.scope,
                stored.id,
                stored.name,
                stored.created_at,
                stored.updated_at,
                _text(stored.body),
                _text(stored.hidden),
            ),
        )

    def save(self, stored: Stored) -> None:
        self.execute(
            "UPDATE objects SET name = ?, created_at = ?, updated_at = ?, body = ?, hidden = ?"
            " WHERE kind = ? AND org = ? AND sandbox = ? AND id = ?",
            (
                stored.name,
                stored.created_at,
                stored.updated_at,
                _text(stored.body),
                _text(stored.hidden),
                stored.kind,
                *stored.scope,
                stored.id,
            ),
        )

    def get(self, kind: str, scope: Scope, object_id: str) -> Stored | None:
        found = self.row(
            "SELECT * FROM objects WHERE kind = ? AND org = ? AND sandbox = ? AND id = ?",
            (kind, *scope, object_id),
        )
        return None if found is None else stored_of(found)

    def delete(self, stored: Stored) -> None:
        self.execute(
            "DELETE FROM objects WHERE kind = ? AND org = ? AND sandbox = ? AND id = ?",
            (stored.kind, *stored.scope, stored.id),
        )

    def find(
        self, kind: str, scope: Scope, where: str = "1", params: Sequence[Any] = ()
    ) -> list[Stored]:
        """In the order of creation. ``where`` is SQL over the table ``objects``."""
        return [
            stored_of(row)
            for row in self.rows(
                f"SELECT * FROM objects WHERE kind = ? AND org = ? AND sandbox = ? AND ({where})"
                " ORDER BY seq",
                (kind, *scope, *params),
            )
        ]

    def count(self, kind: str, scope: Scope) -> int:
        return int(
            self.value(
                "SELECT count(*) FROM objects WHERE kind = ? AND org = ? AND sandbox = ?",
                (kind, *scope),
            )
        )


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def stored_of(row: sqlite3.Row) -> Stored:
    return Stored(
        kind=row["kind"],
        scope=Scope(row["org"], row["sandbox"]),
        id=row["id"],
        name=row["name"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        body=json.loads(row["body"]),
        hidden=json.loads(row["hidden"]),
        seq=row["seq"],
    )
