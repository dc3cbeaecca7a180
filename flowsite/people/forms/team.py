"""Teams and their members."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from flowsite.people.models import Team, User


class TeamForm(forms.Form):
    """A team's name."""

    name = forms.CharField(label=_("Team name"), max_length=100)


class MemberForm(forms.Form):
    """A person to add to a team: those who are active and not in it."""

    person = forms.ModelChoiceField(queryset=User.objects.none(), label=_("Person"))

    def __init__(self, *args: Any, team: Team, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[User]", self.fields["person"])
        others = User.objects.filter(is_active=True).exclude(teams=team)
        field.queryset = others.order_by("username")
        field.empty_label = str(_("Choose a person"))
