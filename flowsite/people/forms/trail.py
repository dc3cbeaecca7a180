"""The filters of the audit log, as they stand in the address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flowsite.people.models import Team
from flowsite.people.trail import Asked, in_words, known_actions


class TrailForm(forms.Form):
    """All optional. ``object`` is "type:id", or a type alone."""

    who = forms.CharField(label=_("Who"), max_length=150, required=False)
    action = forms.ChoiceField(label=_("What"), required=False)
    object = forms.CharField(
        label=_("Object"), max_length=150, required=False, widget=forms.HiddenInput
    )
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.order_by("name"), required=False
    )
    since = forms.DateField(
        label=_("From day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    q = forms.CharField(
        label=_("Text"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices = [(code, _choice(code)) for code in known_actions()]
        wanted = self.data.get("action", "")
        if wanted and wanted not in dict(choices):  # newer than the list, or gone
            choices.append((wanted, in_words(wanted)))
        self.fields["action"].choices = [("", _("Anything")), *choices]  # type: ignore[attr-defined]
        self.fields["team"].empty_label = _("Any team")  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        """The filters that could be read; the others don't filter."""
        self.is_valid()
        values = self.cleaned_data
        kind, _colon, key = values.get("object", "").partition(":")
        team = values.get("team")
        return Asked(
            who=values.get("who", ""),
            action=values.get("action", ""),
            object_type=kind.strip(),
            object_id=key.strip(),
            team=team.pk if team else None,
            since=values.get("since"),
            until=values.get("until"),
            text=values.get("q", ""),
        )


def _choice(code: str) -> str:
    return in_words(code) if "." in code else f"{in_words(code)} …"
