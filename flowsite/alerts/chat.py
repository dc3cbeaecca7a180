"""Chat and on-call services, through the Apprise library.

Apprise knows some 130 kinds of addresses, among them ones that call any host, talk to this machine
(desktop, syslog, serial), or read a file that a parameter names. So only services are used whose
host stands in the library's code, or is checked here; each is loaded by name, so that no other can
be reached by a clever address. Of the parameters, only known harmless ones are taken.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from flowsite.saying import say


class BadAddress(Exception):
    """The text says what is wrong with an address; it never holds the address."""


@dataclass(frozen=True)
class Service:
    """One service: module and class in Apprise, and the form of its address for people."""

    name: str
    module: str
    plugin: str
    example: str
    #: Only for services whose address names a host: what the host has to end with.
    hosts: tuple[str, ...] = ()
    #: Host of the web address that the service itself shows, if Apprise reads it.
    native: str = ""


#: Scheme → service.
SERVICES: Final[dict[str, Service]] = {
    "slack": Service(
        "Slack", "slack", "NotifySlack", "slack://tokenA/tokenB/tokenC", native="hooks.slack.com"
    ),
    "workflows": Service(
        "Microsoft Teams (Workflows)",
        "workflows",
        "NotifyWorkflows",
        "workflows://host/workflow/signature",
        hosts=(".logic.azure.com", ".api.powerplatform.com"),
    ),
    "pagerduty": Service(
        "PagerDuty", "pagerduty", "NotifyPagerDuty", "pagerduty://integrationKey@apiKey"
    ),
    "opsgenie": Service("Opsgenie", "opsgenie", "NotifyOpsgenie", "opsgenie://apiKey"),
    "splunk": Service("Splunk On-Call", "splunk", "NotifySplunk", "splunk://routingKey@apiKey"),
    "ilert": Service("iLert", "ilert", "NotifyILert", "ilert://integrationKey"),
    "pagertree": Service("PagerTree", "pagertree", "NotifyPagerTree", "pagertree://integrationId"),
    "signl4": Service("SIGNL4", "signl4", "NotifySIGNL4", "signl4://secret"),
    "spike": Service("Spike.sh", "spike", "NotifySpike", "spike://token"),
    "gchat": Service(
        "Google Chat",
        "google_chat",
        "NotifyGoogleChat",
        "gchat://workspace/key/token",
        native="chat.googleapis.com",
    ),
    "discord": Service(
        "Discord",
        "discord",
        "NotifyDiscord",
        "discord://webhookId/webhookToken",
        native="discord.com",
    ),
    "wxteams": Service("Webex", "webexteams", "NotifyWebexTeams", "wxteams://token"),
    "tgram": Service("Telegram", "telegram", "NotifyTelegram", "tgram://botToken/chatId"),
    "pover": Service("Pushover", "pushover", "NotifyPushover", "pover://userKey@token"),
}
#: Parameters that change words and looks alone; ``template``, for one, would read a file.
HARMLESS: Final = frozenset(
    {
        "format",
        "overflow",
        "footer",
        "image",
        "region",
        "priority",
        "severity",
        "class",
        "group",
        "component",
        "source",
        "to",
        "tags",
        "alias",
        "entity",
        "action",
        "details",
        "topic",
        "silent",
        "preview",
        "avatar",
        "tts",
    }
)


def service_of(address: str) -> Service:
    """The service that an address belongs to. Raises BadAddress."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        raise BadAddress(say("The address is not valid.")) from None
    service = SERVICES.get(parts.scheme.lower())
    if service is None and parts.scheme.lower() == "https":
        service = next((one for one in SERVICES.values() if one.native == host), None)
    if service is None:
        names = ", ".join(sorted(one.name for one in SERVICES.values()))
        raise BadAddress(say("This service is not offered. Offered are: {names}.", names=names))
    if service.hosts and not host.endswith(service.hosts):
        raise BadAddress(say("The host of the address is not one of the service's own."))
    unknown = sorted(
        name for name, _value in parse_qsl(parts.query, True) if name.lower() not in HARMLESS
    )
    if unknown:
        raise BadAddress(
            say("The address has a parameter that is not allowed: {name}", name=unknown[0][:40])
        )
    return service


def open_service(address: str) -> Any:
    """The library's object for an address; makes no call. Raises BadAddress."""
    service = service_of(address)
    # Both write tokens into their log lines, in shapes that no redaction knows.
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    from apprise import AppriseAsset  # noqa: PLC0415 -- half a second, in the worker alone
    from apprise.common import PersistentStoreMode  # noqa: PLC0415 -- as above

    plugin = getattr(importlib.import_module(f"apprise.plugins.{service.module}"), service.plugin)
    native = address.strip().lower().startswith("https://")
    read = plugin.parse_native_url if native else plugin.parse_url
    asset = AppriseAsset(
        app_id="Flowsite",
        app_desc="Flowsite",
        secure_logging=True,
        storage_mode=PersistentStoreMode.MEMORY,
        plugin_paths=[],
    )
    try:
        values = read(address.strip())
        return plugin(**{**values, "asset": asset})
    except (TypeError, ValueError, AttributeError, LookupError):
        raise BadAddress(
            say(
                "This is no address of {service}. It looks like: {example}",
                service=service.name,
                example=service.example,
            )
        ) from None


def send(address: str, title: str, text: str, *, recovered: bool) -> bool:
    """Whether the service took the message. Raises BadAddress."""
    kind = "success" if recovered else "warning"
    return bool(open_service(address).notify(body=text, title=title, notify_type=kind))
