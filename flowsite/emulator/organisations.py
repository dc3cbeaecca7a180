"""Who exists: organisations, their sandboxes, and the credential of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowsite.emulator.config import EmulatorConfig


@dataclass(frozen=True)
class Sandbox:
    name: str
    title: str
    type: str = "development"
    region: str = "NLD2"
    is_default: bool = False
    state: str = "active"


@dataclass(frozen=True)
class Organisation:
    org_id: str
    tenant: str
    client_id: str
    client_secret: str
    sandboxes: tuple[Sandbox, ...] = field(default=())

    def sandbox(self, name: str) -> Sandbox | None:
        return next((sandbox for sandbox in self.sandboxes if sandbox.name == name), None)


ACME = "ACME@AdobeOrg"
GLOBEX = "GLOBEX@AdobeOrg"

_ACME_SANDBOXES = (
    Sandbox("prod", "Production", type="production", is_default=True),
    Sandbox("dev", "Development"),
    Sandbox("dev-eu", "Development EU"),
    Sandbox("old-dev", "Old development", state="deleted"),
)
_GLOBEX_SANDBOXES = (
    Sandbox("prod", "Production", type="production", region="VA7", is_default=True),
    Sandbox("dev", "Development", region="VA7"),
)


def organisations(config: EmulatorConfig) -> dict[str, Organisation]:
    """By organisation id."""
    known = (
        Organisation(ACME, "acme", config.client_id, config.client_secret, _ACME_SANDBOXES),
        Organisation(GLOBEX, "globex", "globex-client", "globex-secret", _GLOBEX_SANDBOXES),
    )
    return {organisation.org_id: organisation for organisation in known}
