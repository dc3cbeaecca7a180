from __future__ import annotations

import pytest

from flowsite.alerts import chat

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (SLACK, "Slack"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        ("pagerduty://integrationkey@apikey?severity=critical", "PagerDuty"),
        ("discord://123456789012/abcdefghijkl", "Discord"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "Telegram"),
        ("opsgenie://aaaabbbb-cccc-dddd-eeee-ffff00001111", "Opsgenie"),
        (
            "workflows://prod-1.westeurope.logic.azure.com:443/workflow/signature",
            "Microsoft Teams (Workflows)",
        ),
    ],
)
def test_services_are_opened_without_a_call(address, name):
    assert chat.open_service(address) is not None
    assert chat.service_of(address).name == name


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("json://10.0.0.1/", id="any host"),
        pytest.param("jsons://hooks.example/", id="any host by TLS"),
        pytest.param("xml://localhost", id="xml"),
        pytest.param("form://localhost", id="form"),
        pytest.param("syslog://", id="this machine"),
        pytest.param("dbus://", id="the desktop"),
        pytest.param("mailtos://user:pass@internal.example", id="another mail server"),
        pytest.param("mqtt://10.0.0.1/topic", id="mqtt"),
        pytest.param("ntfy://10.0.0.1/topic", id="self-hosted"),
        pytest.param("schan://x", id="a service that is not listed"),
        pytest.param("https://10.0.0.1/services/a/b/c", id="another web address"),
        pytest.param("workflows://10.0.0.1/workflow/signature", id="a host of one's own"),
        pytest.param("workflows://logic.azure.com.evil.example/w/s", id="a host in disguise"),
        pytest.param(f"{SLACK}?template=/etc/passwd", id="a parameter that reads a file"),
        pytest.param(f"{SLACK}?verify=no", id="a parameter that skips the certificate"),
        pytest.param(f"{SLACK}?+X-Header=1", id="a header"),
        pytest.param("slack://", id="nothing in it"),
        pytest.param("slack://[::1", id="not valid"),
        pytest.param("", id="empty"),
    ],
)
def test_other_addresses_are_refused_without_being_repeated(address):
    with pytest.raises(chat.BadAddress) as refused:
        chat.open_service(address)

    assert len(address) < 10 or address not in str(refused.value)


def test_every_service_can_be_loaded_by_name():
    import importlib

    for service in chat.SERVICES.values():
        module = importlib.import_module(f"apprise.plugins.{service.module}")
        assert getattr(module, service.plugin).service_name


def test_the_library_logs_no_part_of_an_address(caplog):
    with pytest.raises(chat.BadAddress):
        chat.open_service("slack://canary-token/canary-two/canary-three")

    assert "canary" not in caplog.text
