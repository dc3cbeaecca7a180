from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from flowsite.core.wording import compact, duration, moment, number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1204118, "1,204,118", id="thousands"),
        pytest.param(0, "0", id="zero is a number"),
        pytest.param(None, "–", id="unknown"),
        pytest.param(-1, "–", id="AEP's unknown"),
        pytest.param(3.0, "3", id="whole float"),
        pytest.param(3.25, "3.25", id="fraction"),
    ],
)
def test_number(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0, "0", id="zero"),
        pytest.param(2.5, "2.5", id="fraction"),
        pytest.param(950, "950", id="hundreds"),
        pytest.param(120_000, "120k", id="thousands"),
        pytest.param(1_250_000, "1.2M", id="millions"),
    ],
)
def test_compact(value, expected):
    assert compact(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, "–", id="unknown"),
        pytest.param(-3, "–", id="clocks that disagree"),
        pytest.param(0, "0 s", id="zero"),
        pytest.param(0.25, "250 ms", id="milliseconds"),
        pytest.param(1.25, "1.2 s", id="tenths under ten seconds"),
        pytest.param(9.97, "10 s", id="rounds to whole"),
        pytest.param(timedelta(seconds=72), "1 min 12 s", id="two units"),
        pytest.param(timedelta(hours=1, seconds=5), "1 h", id="a gap ends it"),
        pytest.param(timedelta(days=2, hours=3, minutes=4), "2 d 3 h", id="largest two"),
    ],
)
def test_duration(value, expected):
    assert duration(value) == expected


def test_moment_is_said_in_utc():
    stockholm = datetime(2026, 11, 24, 13, 5, 9, tzinfo=timezone(timedelta(hours=1)))

    assert moment(stockholm) == (
        '<time datetime="2026-11-24T12:05:09Z" data-local>2026-11-24 12:05 UTC</time>'
    )


def test_moment_that_is_kept_current_keeps_its_seconds():
    noon = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)

    assert moment(noon, ago=True, seconds=True) == (
        '<time datetime="2026-11-24T12:00:07Z" data-ago>2026-11-24 12:00:07 UTC</time>'
    )


def test_moment_unknown():
    assert moment(None) == "–"
