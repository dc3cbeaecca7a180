"""Rules: list, new, edit, mute, delete, and the two that every team begins with."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flowsite.alerts import services
from flowsite.alerts.forms.rule import RuleForm
from flowsite.alerts.models import AlertRule, Kind, Scope
from flowsite.alerts.rows import rule_rows
from flowsite.alerts.selectors import channels_for_user, rules_for_user
from flowsite.alerts.services import AlertProblem
from flowsite.alerts.views.common import (
    EDITORS,
    MUTES,
    READERS,
    may_edit,
    must_edit,
    mute_end,
    tabs,
)
from flowsite.people.audit import Origin
from flowsite.people.rights import role_required
from flowsite.people.selectors import default_team
from flowsite.runs.selectors import dataflow_for_user


@role_required(*READERS)
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule of the person's teams."""
    user: Any = request.user
    rows = rules_for_user(user).prefetch_related("channels").order_by("name")
    context = {
        "tabs": tabs("rules"),
        "rows": rule_rows(rows, timezone.now()),
        "has_channels": channels_for_user(user).exists(),
        "may_edit": may_edit(request),
    }
    return render(request, "alerts/rules.html", context)


@require_POST
@role_required(*EDITORS)
def rules_propose(request: HttpRequest) -> HttpResponse:
    """Adds "Failed" and "Nothing arrived" for all dataflows."""
    team = default_team(request.user)  # type: ignore[arg-type]
    if team is None:
        messages.error(request, _("You are in no team yet."))
        return redirect("rules")
    made = services.propose_rules(team, by=Origin.of(request))
    if made:
        messages.success(request, _("The rules are added."))
    return redirect("rules")


@role_required(*EDITORS)
def rule_new(request: HttpRequest) -> HttpResponse:
    """A new rule; ``?dataflow=`` names the one it is about."""
    user: Any = request.user
    initial: dict[str, Any] = {"kind": Kind.FAILED}
    asked = request.GET.get("dataflow", "")
    if asked.isdecimal() and len(asked) < 18 and (row := dataflow_for_user(user, int(asked))):
        initial |= {"scope": Scope.DATAFLOW, "dataflow": row.flow_id, "name": row.name[:80]}
    channels = channels_for_user(user).filter(enabled=True)
    initial["channels"] = list(channels.values_list("pk", flat=True))
    form = RuleForm(request.POST or None, user=user, initial=initial)
    if request.method == "POST" and _save(request, form):
        messages.success(request, _("The rule is added."))
        return redirect("rules")
    return _page(request, form)


def the_rule(request: HttpRequest, pk: int) -> AlertRule:
    """The rule, if it is one of the person's teams. Raises Http404."""
    row = rules_for_user(request.user).filter(pk=pk).first()  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such rule.")
    return row


@role_required(*READERS)
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One rule: to read for analysts, to change for the people on duty."""
    row = the_rule(request, pk)
    user: Any = request.user
    if request.method == "POST":
        must_edit(request)
    form = RuleForm(request.POST or None, user=user, rule=row)
    if request.method == "POST" and _save(request, form):
        messages.success(request, _("Saved."))
        return redirect("rules")
    return _page(request, form, row)


def _save(request: HttpRequest, form: RuleForm) -> bool:
    if not form.is_valid():
        return False
    team = form.cleaned_data["team"]
    try:
        services.save_rule(team, form.values(), by=Origin.of(request), rule=form.rule)
    except AlertProblem as problem:
        form.add_error(problem.field, str(problem))
        return False
    return True


def _page(request: HttpRequest, form: RuleForm, row: AlertRule | None = None) -> HttpResponse:
    editable = may_edit(request)
    if not editable:
        for field in form.fields.values():
            field.disabled = True
    now = timezone.now()
    context = {
        "form": form,
        "row": row,
        "may_edit": editable,
        "muted_until": row.muted_until if row and row.is_muted(now) else None,
        "mutes": MUTES.items(),
        "has_channels": form.fields["channels"].queryset.exists(),  # type: ignore[attr-defined]
    }
    return render(request, "alerts/rule.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(*EDITORS)
def rule_mute(request: HttpRequest, pk: int) -> HttpResponse:
    """Mutes a rule for some hours, or ends that."""
    row = the_rule(request, pk)
    until = mute_end(request)
    services.mute_rule(row, until, by=Origin.of(request))
    messages.success(request, _("Muted.") if until else _("Messages are sent again."))
    return redirect("rule", pk)


@require_POST
@role_required(*EDITORS)
def rule_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a rule with its alerts."""
    services.delete_rule(the_rule(request, pk), by=Origin.of(request))
    messages.success(request, _("The rule is deleted."))
    return redirect("rules")
