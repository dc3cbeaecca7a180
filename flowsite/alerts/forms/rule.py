"""The form of a rule."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flowsite.alerts.forms.needed import Needed
from flowsite.alerts.kinds import NOTES, NUMBERS, WHOLE_TEAM, number_of
from flowsite.alerts.models import AlertRule, Channel, Kind, Scope
from flowsite.alerts.services import RuleValues
from flowsite.alerts.words import source_name
from flowsite.core.look import choice
from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team, User
from flowsite.people.selectors import teams_of
from flowsite.runs.models import Dataflow


class NeededChoice(Needed, forms.ChoiceField):
    """A choice that only some rules have to make."""


class NeededText(Needed, forms.CharField):
    """A text that only some rules need."""


class NeededNumber(Needed, forms.IntegerField):
    """A number that only some rules need."""


class RuleForm(forms.Form):
    """Adds or edits a rule of one of the person's teams."""

    use_required_attribute = False

    team = forms.ModelChoiceField(queryset=Team.objects.none(), label=_("Team"))
    name = forms.CharField(label=_("Name"), max_length=100)
    kind = forms.ChoiceField(label=_("Alert when"), widget=forms.RadioSelect)
    scope = forms.ChoiceField(label=_("Which dataflows"), choices=Scope.choices, initial=Scope.ALL)
    source = NeededChoice(label=_("Source"))
    tag = NeededText(label=_("Tag"), max_length=40)
    dataflow = NeededText(
        label=_("Dataflow"),
        max_length=300,
        help_text=_("Its name as on the board, or its id in AEP."),
    )
    sandbox = forms.ModelChoiceField(
        queryset=Sandbox.objects.none(),
        label=_("Sandbox"),
        required=False,
        empty_label=_("Every sandbox"),
    )
    channels = forms.ModelMultipleChoiceField(
        queryset=Channel.objects.none(),
        label=_("Send to"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a channel, alerts are shown on the Alerts page only."),
    )
    enabled = forms.BooleanField(label=_("Enabled"), required=False, initial=True)

    def __init__(self, *args: Any, user: User, rule: AlertRule | None = None, **kwargs: Any):
        self.rule = rule
        self.found: Dataflow | None = rule.dataflow if rule else None
        if rule is not None:
            kwargs["initial"] = _initial(rule)
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        teams = Team.objects.filter(pk=rule.team_id) if rule else teams_of(user).order_by("name")
        self.only_team = teams[0] if len(teams) == 1 else None
        fields["team"].queryset = teams
        if self.only_team:
            fields["team"].required = False
        fields["kind"].choices = [(kind.value, choice(kind.label, NOTES[kind])) for kind in Kind]
        flows = Dataflow.objects.filter(team__in=teams, deleted_at=None)
        self._flows = flows
        specs = flows.exclude(connection_spec_id="").order_by().values_list("connection_spec_id")
        named = sorted(((one, source_name(one)) for (one,) in specs.distinct()), key=lambda x: x[1])
        fields["source"].choices = [("", _("Choose a source")), *named]
        reached = Sandbox.objects.filter(sandboxaccess__credential__team__in=teams).distinct()
        fields["sandbox"].queryset = reached
        fields["channels"].queryset = Channel.objects.filter(team__in=teams)
        for kind, number in NUMBERS.items():
            fields[f"n_{kind.value}"] = NeededNumber(
                label=number.label,
                help_text=number.help,
                min_value=number.least,
                max_value=number.most,
                initial=self.initial.get(f"n_{kind.value}", number.usual),
                widget=forms.NumberInput(attrs={"class": "short"}),
            )

    @property
    def numbers(self) -> list[tuple[str, Any]]:
        """(kind, bound field) of the numbers, each shown with its kind."""
        return [(kind.value, self[f"n_{kind.value}"]) for kind in NUMBERS]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["team"] = self.only_team or cleaned.get("team")
        kind, scope, team = cleaned.get("kind"), cleaned.get("scope"), cleaned["team"]
        if kind in WHOLE_TEAM:
            cleaned["scope"], cleaned["sandbox"] = Scope.ALL, None
        elif scope == Scope.SOURCE and not cleaned.get("source"):
            self.add_error("source", _("Choose a source."))
        elif scope == Scope.TAG and not cleaned.get("tag"):
            self.add_error("tag", _("Type a tag."))
        elif scope == Scope.DATAFLOW and team:
            self._find(cleaned.get("dataflow") or "", team)
        for channel in cleaned.get("channels") or ():
            if team and channel.team_id != team.pk:
                self.add_error("channels", _("Choose channels of the same team."))
                break
        return cleaned

    def _find(self, text: str, team: Team) -> None:
        rows = self._flows.filter(team=team)
        found = list(rows.filter(flow_id=text)[:1]) or list(rows.filter(name=text.strip())[:2])
        if self.rule and self.rule.dataflow and self.rule.dataflow.name == text.strip():
            found = [self.rule.dataflow]
        if len(found) == 1:
            self.found = found[0]
        elif found:
            self.add_error("dataflow", _("Several dataflows have this name: type the id instead."))
        else:
            self.add_error("dataflow", _("The team has no such dataflow."))

    def values(self) -> RuleValues:
        """The cleaned values, without those that the scope has no use for."""
        got = self.cleaned_data
        scope = got["scope"]
        return RuleValues(
            name=got["name"],
            kind=got["kind"],
            scope=scope,
            dataflow=self.found if scope == Scope.DATAFLOW else None,
            source=got["source"] if scope == Scope.SOURCE else "",
            tag=" ".join(got["tag"].lower().split()) if scope == Scope.TAG else "",
            sandbox=got["sandbox"],
            number=got.get(f"n_{got['kind']}"),
            channels=tuple(got["channels"]),
            enabled=got["enabled"],
        )


def _initial(rule: AlertRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "kind": rule.kind,
        "scope": rule.scope,
        "source": rule.source,
        "tag": rule.tag,
        "dataflow": rule.dataflow.name if rule.dataflow else "",
        "sandbox": rule.sandbox_id,
        "channels": list(rule.channels.values_list("pk", flat=True)),
        "enabled": rule.enabled,
        f"n_{rule.kind}": number_of(rule.kind, rule.params),
    }
