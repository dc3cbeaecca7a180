from __future__ import annotations

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
