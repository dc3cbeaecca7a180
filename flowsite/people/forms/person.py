"""What an admin says about a person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from flowsite.core.look import choice
from flowsite.people.models import Team, User
from flowsite.people.rights import Role
from flowsite.people.services import PersonValues

_ROLE_NOTES = {
    Role.ANALYST: _("builds dataflows and submits them"),
    Role.OPS: _("watches runs, retries, enables and disables"),
    Role.ADMIN: _("keeps credentials, people and the audit log; may also do what the others do"),
}
_ROLE_NAMES = {Role.ANALYST: _("Analyst"), Role.OPS: _("Ops"), Role.ADMIN: _("Admin")}


class PersonForm(forms.Form):
    """Adds or edits a person. There is no password here: people set their own."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("What the person types to sign in. Letters, digits and @ . + - _"),
    )
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail address"), max_length=254, required=False)
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=lambda: [
            (role.value, choice(_ROLE_NAMES[role], _ROLE_NOTES[role])) for role in Role
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("A person sees the credentials, drafts and dataflows of these teams only."),
    )
    production = forms.BooleanField(
        label=_("May submit to production sandboxes"),
        required=False,
        help_text=_("Also needed by admins. Without it, production sandboxes can only be read."),
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any):
        if user is not None:
            now = PersonValues.of(user)
            kwargs["initial"] = {
                "username": now.username,
                "first_name": now.first_name,
                "last_name": now.last_name,
                "email": now.email,
                "roles": [role.value for role in now.roles],
                "teams": list(now.teams),
                "production": now.production,
            }
        super().__init__(*args, **kwargs)

    def values(self) -> PersonValues:
        """The cleaned values, as the services take them."""
        cleaned = self.cleaned_data
        return PersonValues(
            username=cleaned["username"],
            first_name=cleaned["first_name"],
            last_name=cleaned["last_name"],
            email=cleaned["email"],
            roles=frozenset(Role(name) for name in cleaned["roles"]),
            teams=frozenset(cleaned["teams"]),
            production=cleaned["production"],
        )
