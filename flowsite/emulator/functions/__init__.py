"""The functions that calculated fields may use.

A subset of Data Prep's, under Data Prep's names. Everything else is refused by name, so that
nobody believes a mapping works because the emulator kept quiet.
"""

from __future__ import annotations

from flowsite.emulator.functions import conversion, dates, logic, texts
from flowsite.emulator.functions.values import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        *texts.FUNCTIONS,
        *dates.FUNCTIONS,
        *logic.FUNCTIONS,
        *conversion.FUNCTIONS,
    )
}
