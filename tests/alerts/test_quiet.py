from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from flowsite.alerts.quiet import quiet_until, zone_names

STOCKHOLM = "Europe/Stockholm"  # UTC+1, in summer UTC+2


@pytest.mark.parametrize(
    ("now", "start", "end", "zone", "until"),
    [
        pytest.param("2026-11-24T12:00", "22:00", "06:00", "UTC", None, id="by day"),
        pytest.param("2026-11-24T22:00", "22:00", "06:00", "UTC", "2026-11-25T06:00", id="begins"),
        pytest.param("2026-11-25T05:59", "22:00", "06:00", "UTC", "2026-11-25T06:00", id="after"),
        pytest.param("2026-11-25T06:00", "22:00", "06:00", "UTC", None, id="ends"),
        pytest.param("2026-11-24T12:30", "12:00", "13:00", "UTC", "2026-11-24T13:00", id="lunch"),
        pytest.param("2026-11-24T12:30", "12:00", "12:00", "UTC", None, id="same time twice"),
        pytest.param(
            "2026-11-24T21:30", "22:00", "06:00", STOCKHOLM, "2026-11-25T05:00", id="winter"
        ),
        pytest.param(
            "2026-07-24T20:30", "22:00", "06:00", STOCKHOLM, "2026-07-25T04:00", id="summer"
        ),
        pytest.param(
            "2026-03-28T22:00",
            "22:00",
            "06:00",
            STOCKHOLM,
            "2026-03-29T04:00",
            id="night to summer",
        ),
        pytest.param(
            "2026-10-24T20:00",
            "22:00",
            "06:00",
            STOCKHOLM,
            "2026-10-25T05:00",
            id="night to winter",
        ),
        pytest.param(
            "2026-03-29T00:30", "22:00", "02:30", STOCKHOLM, "2026-03-29T01:30", id="a skipped end"
        ),
        pytest.param(
            "2026-10-25T00:00", "22:00", "02:30", STOCKHOLM, "2026-10-25T01:30", id="an end twice"
        ),
        pytest.param("2026-11-24T22:00", "22:00", None, "UTC", None, id="half a pair"),
        pytest.param("2026-11-24T23:00", "22:00", "06:00", "No/Where", "2026-11-25T06:00", id="?"),
    ],
)
def test_quiet_until(now, start, end, zone, until):
    def read(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    hours = [time.fromisoformat(text) if text else None for text in (start, end)]
    found = quiet_until(read(now), *hours, zone)

    assert found == read(until)
    # When it is over, it is over: nothing is put off for ever.
    assert found is None or quiet_until(found, *hours, zone) is None


def test_zones_to_choose_from():
    names = zone_names()

    assert names[0] == "UTC"
    assert "Europe/Stockholm" in names
    assert len(names) == len(set(names)) > 300
