"""The kinds of rules: what each needs to know, and its usual numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from flowsite.alerts.models import Kind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Words = str | _StrPromise


@dataclass(frozen=True)
class Number:
    """A number that a rule can be given."""

    name: str
    usual: int
    least: int
    most: int
    label: Words
    help: Words


#: Kind → its number; kinds without one need none.
NUMBERS: Final[dict[str, Number]] = {
    Kind.PARTIAL: Number(
        "percent",
        5,
        0,
        100,
        _("Failed records, percent"),
        _("Alert when more of the received records failed than this."),
    ),
    Kind.NOTHING: Number(
        "margin_min",
        60,
        1,
        10_080,
        _("Margin, minutes"),
        _("Alert when no run has begun so long after it was expected."),
    ),
    Kind.ZERO: Number(
        "hours",
        24,
        0,
        720,
        _("Hours without records"),
        _("Alert when runs succeed and none has brought a record for so long."),
    ),
    Kind.VOLUME: Number(
        "deviation_percent",
        50,
        10,
        1000,
        _("Deviation, percent"),
        _("Alert when a day brings so much more or less than the same weekday usually does."),
    ),
    Kind.ACCOUNT: Number(
        "failures",
        2,
        1,
        20,
        _("Failed tests in a row"),
        _("Alert after so many tests of the account failed."),
    ),
    Kind.CREDENTIAL: Number(
        "days",
        14,
        1,
        365,
        _("Days before"),
        _("Alert so long before the client secret has to be replaced."),
    ),
}

NOTES: Final[dict[str, Words]] = {
    Kind.FAILED: _("The latest finished run of a dataflow failed."),
    Kind.PARTIAL: _("The latest finished run lost more of its records than you accept."),
    Kind.NOTHING: _("A run was expected and none has begun."),
    Kind.ZERO: _("Runs succeed, but bring nothing."),
    Kind.VOLUME: _("A day brought far more or fewer records than its weekday usually does."),
    Kind.ACCOUNT: _("The provider refuses the account's sign-in."),
    Kind.CREDENTIAL: _("Adobe refuses a credential, or its secret has to be replaced soon."),
}

#: Kinds that are about credentials or accounts as a whole: no single dataflow can be chosen.
WHOLE_TEAM: Final = frozenset({Kind.CREDENTIAL})


def number_of(kind: str, params: dict[str, Any]) -> int:
    """The rule's number, or the usual one; 0 for a kind that has none."""
    number = NUMBERS.get(kind)
    if number is None:
        return 0
    value = params.get(number.name)
    return value if isinstance(value, int) else number.usual


def margin_of(params: dict[str, Any]) -> timedelta:
    """How long after its expected run a dataflow may stay away."""
    return timedelta(minutes=number_of(Kind.NOTHING, params))
