"""Schedules: the next runs and the load they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flowsite.definitions.model import Schedule
from flowsite.definitions.schedule import batches_per_day, interval, next_runs, schedule_problems

START = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        pytest.param(
            Schedule(frequency="hour", interval=6, start=START),
            START - timedelta(days=1),
            [START, START + timedelta(hours=6)],
            id="before the start",
        ),
        pytest.param(
            Schedule(frequency="hour", interval=6, start=START),
            START,
            [START + timedelta(hours=6), START + timedelta(hours=12)],
            id="at the start",
        ),
        pytest.param(
            Schedule(frequency="minute", interval=15, start=START),
            START + timedelta(minutes=31),
            [START + timedelta(minutes=45), START + timedelta(minutes=60)],
            id="between two runs",
        ),
        pytest.param(
            Schedule(frequency="week", interval=2, start=START),
            START + timedelta(days=14),
            [START + timedelta(days=28), START + timedelta(days=42)],
            id="weeks",
        ),
        pytest.param(
            Schedule(frequency="once", start=START), START - timedelta(1), [START], id="once"
        ),
        pytest.param(Schedule(frequency="once", start=START), START, [], id="once, over"),
        pytest.param(Schedule(frequency="day", interval=1), START, [], id="no start"),
        pytest.param(Schedule(frequency="day", start=START), START, [], id="no interval"),
    ],
)
def test_next_runs(schedule, now, expected):
    assert next_runs(schedule, now, 2) == expected


@given(
    st.sampled_from(["minute", "hour", "day", "week"]),
    st.integers(1, 10_000),
    st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)),
    st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)),
)
def test_next_runs_follow_now_in_steps_of_the_interval(frequency, count, start, now):
    schedule = Schedule(frequency=frequency, interval=count, start=start.replace(tzinfo=UTC))
    now = now.replace(tzinfo=UTC)
    step = interval(schedule)
    assert schedule.start is not None
    assert step is not None

    runs = next_runs(schedule, now)

    assert runs[0] > now
    assert runs[0] == schedule.start or runs[0] - step <= now
    assert [(run - schedule.start) % step for run in runs] == [timedelta(0)] * 5


@pytest.mark.parametrize(
    ("frequency", "count", "expected"),
    [("minute", 15, 96), ("hour", 1, 24), ("day", 1, 1), ("week", 1, 1 / 7), ("once", None, 1)],
)
def test_batches_per_day(frequency, count, expected):
    schedule = Schedule(frequency=frequency, interval=count, start=START)

    assert batches_per_day(schedule) == pytest.approx(expected)


def test_the_start_is_kept_in_whole_seconds_of_utc():
    given_start = datetime(2027, 1, 1, 2, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))

    assert Schedule(frequency="once", start=given_start).start == START


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(datetime(2027, 1, 1), id="no zone"),
        pytest.param(1798761600, id="number"),
        pytest.param("tomorrow", id="word"),
        pytest.param("9999-12-31T23:59:59-12:00", id="beyond all calendars"),
        pytest.param("0001-01-01T00:00:00+12:00", id="before all calendars"),
    ],
)
def test_a_start_is_a_moment(start):
    with pytest.raises(ValidationError):
        Schedule(frequency="once", start=start)


def test_an_absurd_interval_is_refused():
    schedule = Schedule(frequency="week", interval=10**9, start=START)

    assert [one.code for one in schedule_problems(schedule)] == ["interval-too-large"]
    assert next_runs(schedule, START) == []
