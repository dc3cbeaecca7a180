from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from flowsite.core.keyset import page_of
from flowsite.people.models import Team, User

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


def names(page):
    return [row.name for row in page.rows]


@pytest.fixture
def teams(db):
    Team.objects.all().delete()
    for name in "abcdefg":
        Team.objects.create(name=name)
    return Team.objects.all()


def test_pages_forward_and_back_show_every_row_once(teams):
    first = page_of(teams, order="name", cursor=None, size=3)
    second = page_of(teams, order="name", cursor=first.next, size=3)
    third = page_of(teams, order="name", cursor=second.next, size=3)
    back = page_of(teams, order="name", cursor=third.previous, size=3)

    assert [names(first), names(second), names(third)] == [list("abc"), list("def"), ["g"]]
    assert names(back) == list("def")
    assert first.previous is None
    assert third.next is None


def test_first_page_reached_backwards_has_no_previous(teams):
    second = page_of(
        teams, order="-name", cursor=page_of(teams, order="-name", cursor=None, size=3).next, size=3
    )

    first = page_of(teams, order="-name", cursor=second.previous, size=3)

    assert names(first) == list("gfe")
    assert first.previous is None
    assert first.next is not None


def join(name, at=NOON):
    return User.objects.create(username=name, date_joined=at)


def test_equal_sort_values_are_not_cut(db):
    for number in range(5):
        join(str(number))

    first = page_of(User.objects.all(), order="-date_joined", cursor=None, size=2)
    second = page_of(User.objects.all(), order="-date_joined", cursor=first.next, size=2)
    third = page_of(User.objects.all(), order="-date_joined", cursor=second.next, size=2)

    shown = [row.username for page in (first, second, third) for row in page.rows]
    assert shown == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "W10", "WyJuZXh0Il0", "bnVsbA"])
def test_an_unreadable_cursor_gives_the_first_page(teams, cursor):
    assert names(page_of(teams, order="name", cursor=cursor, size=2)) == ["a", "b"]


def test_a_new_row_does_not_shift_the_next_page(db):
    for hours in range(4):
        join(str(hours), NOON + timedelta(hours=hours))
    first = page_of(User.objects.all(), order="-date_joined", cursor=None, size=2)
    join("new", NOON + timedelta(days=1))

    second = page_of(User.objects.all(), order="-date_joined", cursor=first.next, size=2)

    assert [row.username for row in second.rows] == ["1", "0"]


@pytest.mark.parametrize(
    ("direction", "is_time", "value", "pk"),
    [
        pytest.param("next", False, 1.5, 1, id="a number for a name"),
        pytest.param("next", True, "2026-01-01T00:00:00+00:00", 1, id="a time for a name"),
        pytest.param("next", False, "a\x00b", 1, id="NUL"),
        pytest.param("next", False, "\ud800", 1, id="half a character"),
        pytest.param("previous", False, "a", 10**30, id="a key beyond every column"),
    ],
)
def test_a_cursor_that_does_not_fit_gives_the_first_page(teams, direction, is_time, value, pk):
    body = json.dumps([direction, is_time, value, pk]).encode()

    page = page_of(teams, order="name", cursor=urlsafe_b64encode(body).decode(), size=3)

    assert names(page) == list("abc")


@pytest.mark.parametrize("value", ["yesterday", "2026-01-01T00:00:00", 5, "2026-99-99T00:00:00"])
def test_a_cursor_of_another_column_does_not_reach_a_time(db, value):
    User.objects.create(username="a")
    body = json.dumps(["next", isinstance(value, str), value, 1]).encode()
    cursor = urlsafe_b64encode(body).decode()

    assert len(page_of(User.objects.all(), order="-date_joined", cursor=cursor).rows) == 1
