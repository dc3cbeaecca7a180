"""Which page belongs to which step."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from flowsite.definitions.problems import StepName
from flowsite.people.rights import Role, role_required
from flowsite.wizard.views import steps
from flowsite.wizard.views.account_step import AccountPage
from flowsite.wizard.views.common import the_draft
from flowsite.wizard.views.data_step import DataPage
from flowsite.wizard.views.dataset_step import DatasetPage
from flowsite.wizard.views.mapping_step import MappingPage
from flowsite.wizard.views.review_step import ReviewPage
from flowsite.wizard.views.schedule_step import SchedulePage

PAGES: Final[dict[StepName, steps.StepPage]] = {
    "account": AccountPage(),
    "data": DataPage(),
    "dataset": DatasetPage(),
    "mapping": MappingPage(),
    "schedule": SchedulePage(),
    "review": ReviewPage(),
}


@role_required(Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
def draft_step(request: HttpRequest, pk: int, step: StepName) -> HttpResponse:
    """Shows a step, or saves it."""
    draft = the_draft(request, pk)
    page = PAGES[step]
    if request.method == "POST":
        return steps.save(request, draft, page)
    return steps.show(request, draft, page, page.form(draft, None))
