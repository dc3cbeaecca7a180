"""Fields that a form shows, and needs, only with certain choices."""

from __future__ import annotations

from typing import Any


class Needed:
    """For a field class: shown as required; whether it was is for the form to say.

    Forms with such fields set ``use_required_attribute`` to False, since browsers would insist on
    what is hidden.
    """

    empty_values: Any

    def validate(self, value: Any) -> None:
        if value not in self.empty_values:
            super().validate(value)  # type: ignore[misc]
