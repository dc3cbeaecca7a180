"""Sandbox management: which sandboxes the credential reaches (API contract, section 3)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import AliasChoices, Field

from flowsite.aep.paging import SANDBOX_LIMIT, offset_rows
from flowsite.aep.reading import Answered, Flag, Text
from flowsite.aep.service import Service


class SandboxInfo(Answered):
    """A sandbox. ``name`` goes into requests, ``title`` is for people."""

    name: Text = ""
    title: Text = ""
    state: Text = ""
    type: Text = "development"
    region: Text = ""
    is_default: Flag = Field(
        default=False, validation_alias=AliasChoices("isDefault", "is_default", "default")
    )

    @property
    def is_active(self) -> bool:
        """Whether objects can be created in it."""
        return self.state.lower() == "active"


class Sandboxes(Service):
    """``platform.sandboxes``."""

    base = "/data/foundation/sandbox-management"
    name = "sandboxes"

    def list(self) -> Iterator[SandboxInfo]:
        """The sandboxes that the caller may use; needs no sandbox itself."""

        def fetch(params: list[tuple[str, str]]) -> object:
            answer = self._session.request(
                "GET",
                f"{self.base}/",  # the slash belongs to it: API contract, section 3
                params=params,
                operation="sandboxes.list",
                needs_sandbox=False,
            )
            return answer.json()

        rows = offset_rows(
            fetch, [], rows="sandboxes", key="name", offset="offset", limit=SANDBOX_LIMIT
        )
        for row in rows:
            info = SandboxInfo.read(row)
            if info.name:
                yield info
