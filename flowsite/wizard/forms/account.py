"""What the Account step posts."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from flowsite.definitions.model import PartialDefinition
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.wizard.forms.picks import packed, unpacked_pick


class PlainForm:
    """The base of step forms that aren't Django forms: every value that can't be read is left as
    the draft has it."""

    def __init__(self, draft: Draft, data: QueryDict | None) -> None:
        self.definition: PartialDefinition = definition_of(draft)
        self.data = data
        self.posted: QueryDict = QueryDict() if data is None else data
        self.errors: list[str] = []

    def is_valid(self) -> bool:
        return not self.errors

    def complain(self, message: str) -> None:
        """Adds an error that was found while saving."""
        self.errors.append(message)

    def parts(self) -> dict[str, Any]:
        return {}


class AccountStepForm(PlainForm):
    """The chosen account; without a choice (the list may not have arrived) the draft's stays."""

    @property
    def chosen(self) -> str:
        """The value of the radio button that is on."""
        account = self.definition.account
        if self.data is not None and "account" in self.data:
            return str(self.data["account"])
        if account is None or not account.id:
            return ""
        return packed({"id": account.id, "name": account.name or ""})

    def parts(self) -> dict[str, Any]:
        account = self.definition.account
        pick = unpacked_pick(self.data.get("account") if self.data else None)
        if account is None or pick is None or "id" not in pick:
            return {}
        name = {"name": pick["name"]} if pick.get("name") else {}
        return {"account": {"source": account.source, "id": pick["id"], **name}}
