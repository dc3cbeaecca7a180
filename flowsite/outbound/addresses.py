"""Which addresses the server may call when a person has typed them.

Internal, private, link-local and other special addresses are refused, also after DNS, unless the
host is on the allow list; plain http goes to listed hosts only.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from flowsite.saying import say

#: Resolves a host name and a port to IP addresses as text. Raises OSError.
Resolver = Callable[[str, int], list[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")
_MORE_INTERNAL = [
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # shared address space of providers
        "192.88.99.0/24",  # the old 6to4 relay
        "64:ff9b:1::/48",  # local NAT64
        "fec0::/10",  # the old site-local addresses
    )
]
_FORBIDDEN_IN_HOST = frozenset(" \t\r\n%/\\@?#\"'<>|^`{}")


class AddressRefused(httpx.ConnectError):
    """The server may not call this address. ``str()`` is a sentence for people."""

    #: Trying again changes nothing.
    permanent = True

    def __init__(self, message: str) -> None:
        super().__init__(message)


@dataclass(frozen=True)
class AllowList:
    """Hosts that may be internal and be called by plain http: names or IP addresses.

    ``*.example.internal`` stands for every name below; ``10.1.0.0/16`` for a network.
    """

    names: frozenset[str]
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    @classmethod
    def of(cls, hosts: Iterable[str]) -> AllowList:
        """Raises nothing: an entry that is no network is a name."""
        names, networks = set[str](), []
        for host in (item.strip().strip("[]").lower() for item in hosts):
            try:
                networks.append(ipaddress.ip_network(host, strict=False))
            except ValueError:
                if host:
                    names.add(host.rstrip("."))
        return cls(frozenset(names), tuple(networks))

    def has_host(self, host: str) -> bool:
        """Whether a name or literal address is listed."""
        host = host.strip("[]").rstrip(".").lower()
        literal = _literal(host)
        if literal is not None:
            return self.has_address(literal)
        parents = {"*." + host.split(".", n)[n] for n in range(1, host.count(".") + 1)}
        return host in self.names or bool(parents & self.names)

    def has_address(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether an address lies in a listed network."""
        return any(address in network for network in self.networks)


def check_url(url: str, *, allowed_hosts: Iterable[str], resolve: Resolver | None = None) -> None:
    """Raises AddressRefused, with a sentence, for an address that the server may not call.

    Looks the host up; a name that can't be resolved is refused as well. What is checked here can
    change until it is called: ``CheckedTransport`` checks again and connects to what it checked.
    """
    allowed = AllowList.of(allowed_hosts)
    parts = _parts(url)
    host = check_parts(parts.scheme, parts.hostname or "", allowed)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    checked_addresses(host, port, allowed, resolve or resolve_host)


def check_spelling(url: str, *, allowed_hosts: Iterable[str]) -> None:
    """What can be told without looking the host up. Raises AddressRefused."""
    parts = _parts(url)
    check_parts(parts.scheme, parts.hostname or "", AllowList.of(allowed_hosts))


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise AddressRefused(say("The address is not valid.")) from None
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(say("The address must not hold a user name or password."))
    return parts


def check_parts(scheme: str, host: str, allowed: AllowList) -> str:
    """The host, if scheme and spelling are acceptable. Raises AddressRefused."""
    scheme = scheme.lower()
    if scheme not in {"http", "https"}:
        raise AddressRefused(say("The address must start with https://."))
    if not host or _FORBIDDEN_IN_HOST & set(host):
        raise AddressRefused(say("The address names no valid host."))
    if scheme == "http" and not allowed.has_host(host):
        raise AddressRefused(
            say("The address must start with https://, since {host} is not allowed.", host=host)
        )
    return host


def checked_addresses(host: str, port: int, allowed: AllowList, resolve: Resolver) -> list[str]:
    """The IP addresses of a host, all of them acceptable. Raises AddressRefused.

    One internal address among several refuses them all: a name that answers with both is either
    broken or an attack.
    """
    literal = _literal(host)
    try:
        found = [str(literal)] if literal is not None else resolve(host, port)
    except (OSError, UnicodeError):
        raise AddressUnknown(say("The host {host} can't be found.", host=host)) from None
    if not found:
        raise AddressUnknown(say("The host {host} can't be found.", host=host))
    if allowed.has_host(host):
        return found
    for text in found:
        address = ipaddress.ip_address(text.split("%")[0])
        if is_internal(address) and not allowed.has_address(address):
            raise AddressRefused(
                say("{host} is an internal address, which is not allowed.", host=host)
            )
    return found


class AddressUnknown(AddressRefused):
    """The name can't be resolved at the moment."""

    permanent = False


def resolve_host(host: str, port: int) -> list[str]:
    """The system's resolver."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def is_internal(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is anything but a public unicast one, also behind an IPv6 disguise."""
    if isinstance(address, ipaddress.IPv6Address) and (inner := _embedded(address)):
        return is_internal(inner)
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or any(address in network for network in _MORE_INTERNAL)
    )


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped, compatible, 6to4, Teredo or NAT64 address."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host literally is, in every spelling that a resolver accepts.

    ``2130706433``, ``0x7f.1`` and ``127.1`` are loopback to the C library.
    """
    text = host.strip("[]").split("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if not text or not all(part and part[0].isdigit() for part in text.split(".")):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except (OSError, ValueError):
        return None
