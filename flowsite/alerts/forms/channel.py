"""The form of a channel. Its target and secret are write-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flowsite.alerts.forms.needed import Needed
from flowsite.alerts.models import Channel, ChannelKind
from flowsite.alerts.quiet import zone_names
from flowsite.alerts.services import ChannelValues
from flowsite.core.look import choice
from flowsite.people.models import Team, User
from flowsite.people.selectors import teams_of

_NOTES = {
    ChannelKind.EMAIL: _("to one or several people"),
    ChannelKind.WEBHOOK: _("to a program of yours, as JSON"),
    ChannelKind.SERVICE: _("Slack, Teams, PagerDuty and others"),
}
#: Shorter ones could be guessed from a message and its signature.
LEAST_SECRET = 16


class WriteOnly(Needed, forms.CharField):
    """A box that is never filled in by us."""

    def __init__(self, **options: Any):
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "class": "mono"})
        super().__init__(max_length=2000, strip=True, widget=widget, **options)


class People(Needed, forms.CharField):
    """E-mail addresses."""


class TimeOfDay(Needed, forms.TimeField):
    """A time on the clock of the channel's zone."""

    def __init__(self, **options: Any):
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        super().__init__(widget=widget, **options)


class ChannelForm(forms.Form):
    """Adds or edits a channel; the kind stays what it was."""

    use_required_attribute = False

    team = forms.ModelChoiceField(queryset=Team.objects.none(), label=_("Team"))
    name = forms.CharField(label=_("Name"), max_length=100)
    kind = forms.ChoiceField(label=_("How"), widget=forms.RadioSelect, initial=ChannelKind.EMAIL)
    people = People(
        label=_("E-mail addresses"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One on each line."),
    )
    url = WriteOnly(
        label=_("Webhook URL"),
        help_text=_("Begins with https://. Messages are posted there as JSON."),
    )
    secret = WriteOnly(
        label=_("Signing secret"),
        min_length=LEAST_SECRET,
        help_text=_(
            "At least 16 characters, known to the receiver, who checks each message by it."
        ),
    )
    service = WriteOnly(
        label=_("Address of the service"),
        help_text=_("In the form of Apprise, for example slack://tokenA/tokenB/tokenC."),
    )
    quiet = forms.BooleanField(label=_("Quiet hours"), required=False)
    quiet_from = TimeOfDay(label=_("From"))
    quiet_until = TimeOfDay(label=_("Until"))
    time_zone = forms.ChoiceField(label=_("Time zone"), initial="UTC")
    enabled = forms.BooleanField(label=_("Enabled"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, channel: Channel | None = None, **kwargs: Any):
        self.channel = channel
        if channel is not None:
            kwargs["initial"] = _initial(channel)
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        teams = teams_of(user).order_by("name")
        if channel is not None:
            teams = Team.objects.filter(pk=channel.team_id)
        self.only_team = teams[0] if len(teams) == 1 else None
        fields["team"].queryset = teams
        if self.only_team:
            fields["team"].required = False
        fields["kind"].choices = [
            (kind.value, choice(kind.label, _NOTES[kind])) for kind in ChannelKind
        ]
        if channel is not None:
            fields["kind"].required = False
            keep = _("Leave empty to keep what is stored.")
            for name in ("url", "secret", "service"):
                fields[name].help_text = keep
                fields[name].required = False
        fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in zone_names()]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["team"] = self.only_team or cleaned.get("team")
        if self.channel is not None:
            cleaned["kind"] = self.channel.kind
        if cleaned.get("quiet"):
            for name in ("quiet_from", "quiet_until"):
                if name not in self.errors and cleaned.get(name) is None:
                    self.add_error(name, _("Type a time of day."))
        return cleaned

    @property
    def target_name(self) -> str:
        """The box that holds this kind's target."""
        kind = self.cleaned_data.get("kind")
        return {ChannelKind.EMAIL: "people", ChannelKind.WEBHOOK: "url"}.get(kind, "service")

    def values(self) -> ChannelValues:
        """The cleaned values, as the service takes them."""
        got = self.cleaned_data
        quiet = bool(got["quiet"])
        return ChannelValues(
            name=got["name"],
            kind=got["kind"],
            target=got[self.target_name],
            secret=got["secret"] if got["kind"] == ChannelKind.WEBHOOK else "",
            enabled=got["enabled"],
            quiet_from=got["quiet_from"] if quiet else None,
            quiet_until=got["quiet_until"] if quiet else None,
            time_zone=got["time_zone"],
        )


def _initial(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "people": channel.shown.replace(", ", "\n") if channel.kind == ChannelKind.EMAIL else "",
        "quiet": channel.quiet_from is not None,
        "quiet_from": channel.quiet_from,
        "quiet_until": channel.quiet_until,
        "time_zone": channel.time_zone,
        "enabled": channel.enabled,
    }
