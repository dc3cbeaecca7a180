"""Reading through an account: which tables, resources and files it sees, and their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flowsite.emulator.dates import parse_date
from flowsite.emulator.store import Stored
from flowsite.emulator.systems import business, files, hostile, paypal, square, stripe
from flowsite.emulator.systems.model import SourceFile, Table
from flowsite.emulator.world import World

_TABLES: dict[str, tuple[Table, ...]] = {
    "paypal": paypal.TABLES,
    "square": square.TABLES,
    "stripe": stripe.TABLES,
    "salesforce": business.SALESFORCE,
    "postgres": business.POSTGRES,
}

#: What the account's ``hidden["health"]`` may say.
OK, DOWN, EXPIRED = "ok", "down", "expired"


class ProviderError(Exception):
    """The source system refuses or can't be reached; the text is the provider's own."""


class Reader:
    def __init__(self, world: World, account: Stored) -> None:
        self.world = world
        self.account = account
        self.seeded_at_s = world.seeded_at_s
        self.now_s = world.clock.now_s()

    def check_health(self) -> None:
        """Raises ProviderError."""
        health = self.account.hidden.get("health", OK)
        if health == DOWN:
            raise ProviderError(
                "Failed to connect to the source: the host didn't answer"
                " (Microsoft ADF error UserErrorFailedToConnectToSource)."
            )
        if health == EXPIRED:
            raise ProviderError("The source refused the credentials: they have expired.")

    # --- Tables and resources ------------------------------------------------------------------

    def tables(self) -> dict[str, Table]:
        """By path."""
        if self.account.hidden.get("empty"):
            return {}
        tables = _TABLES.get(self.account.hidden.get("system", ""), business.COMMON)
        extra = tuple(
            replace(business.COMMON[3], path=f"Extra.Orders_{number:05d}", every_s=600)
            for number in range(1, self.world.config.extra_tables + 1)
        )
        odd = hostile.TABLES if self.world.config.hostile else ()
        return {table.path: table for table in (*tables, *extra, *odd)}

    def rows(
        self, table: Table, *, column: str | None, since_s: float, until_s: float
    ) -> Iterator[dict[str, Any]]:
        """Rows of the window [since, until), those put in by hand included."""
        yield from table.window(self.seeded_at_s, self.now_s, column, since_s, until_s)
        for row in self._added(table.path):
            moment = parse_date(row.get(column)) if column else None
            if column is None or (moment and since_s <= moment.timestamp() < until_s):
                yield row

    def first_rows(self, table: Table, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for _, row in table.rows(self.seeded_at_s, self.now_s):
            if len(found) == count:
                break
            found.append(row)
        return found

    def size(self, table: Table) -> int:
        return table.size(self.seeded_at_s, self.now_s) + len(self._added(table.path))

    def _added(self, path: str) -> list[dict[str, Any]]:
        return [
            json.loads(row["body"])
            for row in self.world.store.rows(
                "SELECT body FROM added_rows WHERE account_id = ? AND path = ? ORDER BY seq",
                (self.account.id, path),
            )
        ]

    # --- Files ---------------------------------------------------------------------------------

    def files(self) -> list[SourceFile]:
        if self.account.hidden.get("empty"):
            return []
        return files.files(self.seeded_at_s, self.now_s)

    def files_at(self, path: str, *, recursive: bool = True) -> list[SourceFile]:
        """The file of that path, or those in the folder of that path."""
        plain = "/" + path.strip("/")
        found = [file for file in self.files() if file.path == plain]
        if found:
            return found
        prefix = plain.rstrip("/") + "/"
        inside = [file for file in self.files() if file.path.startswith(prefix)]
        if recursive:
            return inside
        return [file for file in inside if "/" not in file.path.removeprefix(prefix)]
