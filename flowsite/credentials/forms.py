"""The credential form."""

from __future__ import annotations

from typing import Any

from django import forms

from flowsite.credentials.models import IMS_URL, PLATFORM_URL, SCOPES, Credential
from flowsite.credentials.services import CredentialProblem, save_credential
from flowsite.people.models import Team


class CredentialForm(forms.Form):
    """Adds or edits a credential. The secret is write-only: an empty one keeps what is stored."""

    name = forms.CharField(max_length=100, help_text="Shown wherever a credential is chosen.")
    org_id = forms.CharField(
        label="Organisation ID", max_length=100, help_text="Ends with @AdobeOrg."
    )
    client_id = forms.CharField(label="Client ID", max_length=200)
    client_secret = forms.CharField(
        label="Client secret",
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    scopes = forms.CharField(
        initial=SCOPES,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Comma-separated, as on the credential's page in Adobe Developer Console.",
    )
    ims_url = forms.URLField(label="IMS URL", initial=IMS_URL, assume_scheme="https")
    platform_url = forms.URLField(label="Platform URL", initial=PLATFORM_URL, assume_scheme="https")

    def __init__(self, *args: Any, team: Team, credential: Credential | None = None, **kwargs: Any):
        self.team, self.credential = team, credential
        if credential is not None:
            kwargs.setdefault(
                "initial",
                {
                    "org_id": credential.organisation.org_id,
                    **{
                        name: getattr(credential, name)
                        for name in ("name", "client_id", "scopes", "ims_url", "platform_url")
                    },
                },
            )
        super().__init__(*args, **kwargs)
        self.fields["client_secret"].help_text = (
            "Stored encrypted. Leave empty to keep the stored secret."
            if credential
            else "Stored encrypted, and never shown again."
        )
        self.fields["client_secret"].required = credential is None

    def clean_org_id(self) -> str:
        value: str = self.cleaned_data["org_id"].strip()
        if not value.endswith("@AdobeOrg"):
            raise forms.ValidationError("An organisation ID ends with @AdobeOrg.")
        return value

    def save(self) -> Credential | None:
        """The saved credential, or None with an error on the form."""
        values = {**self.cleaned_data, "team": self.team, "credential": self.credential}
        try:
            return save_credential(**values)
        except CredentialProblem as problem:
            self.add_error(None, str(problem))
            return None
