from __future__ import annotations

import ipaddress

import pytest

from flowsite.outbound.addresses import (
    AddressRefused,
    AddressUnknown,
    AllowList,
    check_url,
    is_internal,
)

PUBLIC = ["93.184.216.34"]
NAMES = {
    "hooks.example": PUBLIC,
    "six.example": ["2606:2800:220:1:248:1893:25c8:1946"],
    "both.example": [*PUBLIC, "10.0.0.1"],
    "inside.example": ["10.0.0.1"],
    "empty.example": [],
    "localhost": ["127.0.0.1", "::1"],
    "zone.example": ["fe80::1%eth0"],
}


def resolve(host: str, port: int) -> list[str]:
    if host not in NAMES:
        raise OSError("not known")
    return NAMES[host]


def check(url: str, *allowed: str) -> str:
    """The sentence; empty when the address is fine."""
    try:
        check_url(url, allowed_hosts=allowed, resolve=resolve)
    except AddressRefused as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example",
        "https://hooks.example:8443/path?x=1",
        "HTTPS://HOOKS.example/",
        " https://six.example/ ",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    ],
)
def test_public_addresses(url):
    assert check(url) == ""


INTERNAL = "internal address"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("http://hooks.example/", "https://", id="plain http"),
        pytest.param("ftp://hooks.example/", "https://", id="another scheme"),
        pytest.param("file:///etc/passwd", "https://", id="a file"),
        pytest.param("hooks.example", "https://", id="no scheme"),
        pytest.param("", "https://", id="nothing"),
        pytest.param("https://", "no valid host", id="no host"),
        pytest.param("https://user:pw@hooks.example/", "user name", id="sign-in details"),
        pytest.param("https://hooks.example@10.0.0.1/", "user name", id="a host in disguise"),
        pytest.param("https://hooks.example:99999/", "not valid", id="an impossible port"),
        pytest.param("https://[::1", "not valid", id="half a bracket"),
        pytest.param("https://ho st/", "no valid host", id="a blank"),
        pytest.param("https://unknown.example/", "can't be found", id="an unknown name"),
        pytest.param("https://empty.example/", "can't be found", id="a name without address"),
        pytest.param("https://inside.example/", INTERNAL, id="an internal address by name"),
        pytest.param("https://both.example/", INTERNAL, id="one of two is internal"),
        pytest.param("https://localhost/", INTERNAL, id="localhost"),
        pytest.param("https://zone.example/", INTERNAL, id="link-local with a zone"),
        pytest.param("https://127.0.0.1/", INTERNAL, id="loopback"),
        pytest.param("https://127.1/", INTERNAL, id="short loopback"),
        pytest.param("https://2130706433/", INTERNAL, id="loopback as a number"),
        pytest.param("https://0x7f.0.0.1/", INTERNAL, id="loopback in hex"),
        pytest.param("https://0177.0.0.1/", INTERNAL, id="loopback in octal"),
        pytest.param("https://0/", INTERNAL, id="zero"),
        pytest.param("https://127.0.0.1./", INTERNAL, id="a dot at the end"),
        pytest.param("https://[::1]/", INTERNAL, id="loopback, six"),
        pytest.param("https://[::ffff:10.0.0.1]/", INTERNAL, id="mapped"),
        pytest.param("https://[::ffff:a00:1]:8443/", INTERNAL, id="mapped in hex"),
        pytest.param("https://169.254.169.254/latest", INTERNAL, id="cloud metadata"),
        pytest.param("https://１２７.0.0.1/", "", id="wide digits"),
    ],
)
def test_refused_addresses(url, words):
    sentence = check(url)

    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("address", "internal"),
    [
        ("8.8.8.8", False),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("0.0.0.0", True),
        ("255.255.255.255", True),
        ("224.0.0.1", True),
        ("240.0.0.1", True),
        ("192.0.2.1", True),
        ("198.18.0.1", True),
        ("192.88.99.1", True),
        ("2606:4700::1", False),
        ("::", True),
        ("::1", True),
        ("fe80::1", True),
        ("fec0::1", True),
        ("fc00::1", True),
        ("fd12::1", True),
        ("ff02::1", True),
        ("2001:db8::1", True),
        ("::ffff:8.8.8.8", False),
        ("::ffff:192.168.0.1", True),
        ("::10.0.0.1", True),
        ("64:ff9b::a00:1", True),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", True),
        ("2002:a00:1::", True),
        ("2002:808:808::", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", True),
    ],
)
def test_is_internal(address, internal):
    assert is_internal(ipaddress.ip_address(address)) is internal


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("https://127.0.0.1/", "127.0.0.0/8"),
        ("http://[::1]:8000/", "::1"),
        ("http://[::1]:8000/", "[::1]"),
        ("http://localhost:8000/", "LOCALHOST"),
        ("http://inside.example/", "inside.example"),
        ("http://inside.example/", "inside.example."),
        ("http://inside.example/", "*.example"),
        ("https://inside.example/", "10.0.0.0/24"),
        ("https://both.example/", "10.0.0.1"),
    ],
)
def test_allowed_hosts(url, allowed):
    assert check(url, allowed) == ""


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.2/", "127.0.0.1"),
        ("http://inside.example/", "side.example"),
        ("http://inside.example/", "*.inside.example"),
        ("http://inside.example/", "10.0.0.1"),  # a listed address is no listed name: https only
        ("https://inside.example/", ""),
        ("https://inside.example/", "*"),
    ],
)
def test_hosts_that_only_look_allowed(url, allowed):
    assert check(url, allowed) != ""


def test_allow_list_ignores_blank_entries():
    assert AllowList.of(["", " "]) == AllowList(frozenset(), ())


def test_a_name_that_is_not_found_may_come_back():
    with pytest.raises(AddressUnknown) as caught:
        check_url("https://unknown.example/", allowed_hosts=[], resolve=resolve)
    assert caught.value.permanent is False


def test_a_refusal_stays():
    with pytest.raises(AddressRefused) as caught:
        check_url("https://10.0.0.1/", allowed_hosts=[], resolve=resolve)
    assert caught.value.permanent is True
