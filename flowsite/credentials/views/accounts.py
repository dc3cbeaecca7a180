"""Health of the source accounts: which sign-ins at providers work, and what stops where not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.enqueue import enqueue_on_commit
from flowsite.core.keyset import page_of
from flowsite.core.look import Status
from flowsite.credentials.accounts import ask_for_tests
from flowsite.credentials.impact import dataflows_of_accounts
from flowsite.credentials.models import SourceAccount
from flowsite.credentials.selectors import known_accounts
from flowsite.credentials.tasks import sweep_accounts
from flowsite.definitions.sources import source_by_spec
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, has_role, role_required

_STATES = {
    "failing": Q(test_ok=False),
    "working": Q(test_ok=True),
    "untested": Q(test_ok=None),
}


def tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """Adobe's credentials and the sources' accounts are one place of the navigation."""
    if not has_role(request.user, Role.ADMIN):
        return []
    return [
        {
            "label": _("Adobe credentials"),
            "url": reverse("credentials"),
            "current": current == "credentials",
        },
        {
            "label": _("Source accounts"),
            "url": reverse("account-health"),
            "current": current == "accounts",
        },
    ]


@dataclass(frozen=True)
class Line:
    """An account in the list."""

    account: SourceAccount
    url: str
    test_url: str
    source: str
    status: Status
    dataflows: int


@role_required(Role.ADMIN, Role.OPS)
@require_GET
def account_health(request: HttpRequest) -> HttpResponse:
    """Every source account that the person's teams reach, in all sandboxes."""
    known = known_accounts(cast(User, request.user))
    state = request.GET.get("state", "")
    text = request.GET.get("q", "")[:100]
    found = known.filter(_STATES[state]) if state in _STATES else known
    if text:
        found = found.filter(name__icontains=text)
    page = page_of(found, order="name", cursor=request.GET.get("page"))
    context = {
        "tabs": tabs(request, "accounts"),
        "chips": _chips(known, state),
        "lines": _lines(page.rows),
        "page": page,
        "q": text,
        "state": state,
    }
    return render(request, "credentials/accounts.html", context)


def _chips(known: QuerySet[SourceAccount], state: str) -> list[dict[str, Any]]:
    labels = {"": _("All"), "failing": _("Failing"), "working": _("Working")}
    labels["untested"] = _("Not tested yet")
    place = reverse("account-health")
    return [
        {
            "label": label,
            "url": f"{place}?state={key}" if key else place,
            "current": key == state,
            "count": known.filter(_STATES[key]).count() if key else known.count(),
        }
        for key, label in labels.items()
    ]


def _lines(accounts: list[SourceAccount]) -> list[Line]:
    flows = dataflows_of_accounts(accounts)
    return [_line(one, flows.get((one.sandbox_id, one.connection_id), 0)) for one in accounts]


def _line(account: SourceAccount, dataflows: int) -> Line:
    source = source_by_spec(account.connection_spec_id)
    return Line(
        account=account,
        url=_address("account-detail", account.pk),
        test_url=_address("account-test", account.pk),
        source=source.name if source else account.connection_spec_id,
        status=_status(account),
        dataflows=dataflows,
    )


def _status(account: SourceAccount) -> Status:
    if account.test_ok is None:
        return Status(_("Not tested yet"), "neutral", "clock")
    if account.test_ok:
        return Status(_("Works"), "positive")
    return Status(_("Fails"), "negative", title=account.test_message)


def _address(name: str, pk: int) -> str:
    """The pages of one account belong to the room above."""
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


@role_required(Role.ADMIN, Role.OPS)
@require_POST
def account_tests(request: HttpRequest) -> HttpResponse:
    """Makes the tests of all these accounts due now."""
    count = ask_for_tests(known_accounts(cast(User, request.user)))
    audit.record("account.tests_asked", request=request, count=count)
    enqueue_on_commit(sweep_accounts)
    said = ngettext("%(n)s account is", "%(n)s accounts are", count) % {"n": count}
    messages.success(request, _("%(said)s tested in the background.") % {"said": said})
    return redirect("account-health")
