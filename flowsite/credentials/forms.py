"""The forms of credentials: all values, and a new secret alone."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.models import IMS_URL, PLATFORM_URL, SCOPES, Credential
from flowsite.credentials.services import (
    CredentialProblem,
    SecretNeeded,
    change_credential,
    replace_secret,
    save_credential,
)
from flowsite.people.models import Team

_VALUES = ("name", "client_id", "scopes", "ims_url", "platform_url", "expires_on")


class SecretField(forms.CharField):
    """A password box that is never filled in by us."""

    def __init__(self, **options: Any):
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(max_length=500, strip=True, widget=widget, **options)


class CredentialForm(forms.Form):
    """Adds or edits a credential. The secret is write-only: an empty one keeps what is stored.

    ``refusal`` holds Adobe's answer when the new values were tried and did not work.
    """

    team = forms.ModelChoiceField(queryset=Team.objects.none(), label=_("Team"))
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Shown wherever a credential is chosen.")
    )
    org_id = forms.CharField(
        label=_("Organisation ID"), max_length=100, help_text=_("Ends with @AdobeOrg.")
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=200)
    client_secret = SecretField(label=_("Client secret"), required=False)
    expires_on = forms.DateField(
        label=_("Replace the secret by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Adobe sets no end; your own rule may. You are reminded two weeks before."),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        initial=SCOPES,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Comma-separated, as on the credential's page in Adobe Developer Console."),
    )
    ims_url = forms.URLField(label=_("IMS URL"), initial=IMS_URL, assume_scheme="https")
    platform_url = forms.URLField(
        label=_("Platform URL"), initial=PLATFORM_URL, assume_scheme="https"
    )

    def __init__(
        self,
        *args: Any,
        teams: QuerySet[Team],
        credential: Credential | None = None,
        **kwargs: Any,
    ):
        self.credential = credential
        self.only_team: Team | None = None
        self.refusal: AepError | None = None
        if credential is not None:
            values = {name: getattr(credential, name) for name in _VALUES}
            kwargs.setdefault("initial", {"org_id": credential.organisation.org_id, **values})
        super().__init__(*args, **kwargs)
        self._choose_team(teams)
        secret = self.fields["client_secret"]
        secret.required = credential is None
        secret.help_text = (
            _("Needed again when the organisation, the client ID or an address changes.")
            if credential
            else _("Stored encrypted, and never shown again.")
        )

    def _choose_team(self, teams: QuerySet[Team]) -> None:
        """Asked for once, and only of people with several teams."""
        if self.credential is not None or teams.count() < 2:
            self.only_team = self.credential.team if self.credential else teams.first()
            del self.fields["team"]
            return
        field = cast("forms.ModelChoiceField[Team]", self.fields["team"])
        field.queryset = teams.order_by("name")
        field.empty_label = None

    def clean_org_id(self) -> str:
        value: str = self.cleaned_data["org_id"].strip()
        if not value.endswith("@AdobeOrg"):
            raise forms.ValidationError(_("An organisation ID ends with @AdobeOrg."))
        return value

    def save(self) -> Credential | None:
        """The saved credential, or None with an error on the form."""
        values = dict(self.cleaned_data)
        try:
            if self.credential is None:
                team = cast(Team, values.pop("team", self.only_team))
                return save_credential(team=team, **values)
            return change_credential(self.credential, **values)
        except SecretNeeded as problem:
            self.add_error("client_secret", str(problem))
        except (CredentialProblem, Undecryptable) as problem:
            self.add_error(None, str(problem))
        except AepError as error:
            self.refusal = error
        return None


class SecretForm(forms.Form):
    """Rotation: a new secret for the same credential."""

    new_secret = SecretField(label=_("New client secret"))

    def __init__(self, *args: Any, credential: Credential, **kwargs: Any):
        self.credential = credential
        self.refusal: AepError | None = None
        super().__init__(*args, **kwargs)

    def save(self) -> bool:
        """Whether Adobe took it; ``refusal`` says why not, and the stored secret stays."""
        try:
            replace_secret(self.credential, self.cleaned_data["new_secret"])
        except AepError as error:
            self.refusal = error
            return False
        return True
