"""Every component in every state, on one page; served in development and tests only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.html import format_html

from flowsite.core import charts, look

_STATES = ("success", "partial", "failed", "running", "scheduled", "queued")
_NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_LONG = "PayPal_Catalog_Products_including_a_name_that_somebody_made_as_long_as_AEP_allows_it"


class SampleForm(forms.Form):
    """One field of every widget that pages use."""

    name = forms.CharField(
        label="Dataflow name", help_text="Shown in monitoring and in alerts.", initial="Products"
    )
    description = forms.CharField(widget=forms.Textarea, required=False)
    secret = forms.CharField(
        label="Client secret",
        widget=forms.PasswordInput,
        required=False,
        help_text="Stored encrypted and never shown again.",
    )
    frequency = forms.ChoiceField(choices=[("once", "Once"), ("hour", "Hour"), ("day", "Day")])
    interval = forms.IntegerField(min_value=1, help_text="Counted in the frequency's unit.")
    start = forms.CharField(
        label="Start time (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        initial="2026-11-24T12:00",
    )
    dataset = forms.ChoiceField(
        label="Target dataset",
        widget=forms.RadioSelect,
        choices=[("existing", "Existing dataset"), ("new", "New dataset")],
        initial="existing",
    )
    days = forms.MultipleChoiceField(
        label="Notify about",
        widget=forms.CheckboxSelectMultiple,
        choices=[("failed", "Failed runs"), ("partial", "Partial success")],
        required=False,
    )
    backfill = forms.BooleanField(label="Backfill existing data", required=False, initial=True)
    diagnostics = forms.BooleanField(
        label="Error diagnostics", required=False, help_text="Keeps the rows that fail."
    )


def _shell(production: bool) -> dict[str, Any]:
    def item(label: str, icon: str, current: bool = False) -> dict[str, Any]:
        return {"label": label, "url": "#", "icon": icon, "current": current}

    def access(pk: int, name: str, is_production: bool) -> SimpleNamespace:
        return SimpleNamespace(
            pk=pk,
            sandbox=SimpleNamespace(name=name, is_production=is_production),
            credential=SimpleNamespace(name="Acme Europe"),
        )

    accesses = [access(1, "dev", False), access(2, "prod", True)]
    groups = {
        "Sources": [
            item("Catalog", "squares-2x2"),
            item("Accounts", "key"),
            item("Dataflows", "arrows-right-left", current=True),
            item("Drafts", "pencil-square"),
        ],
        "Monitoring": [item("Board", "chart-bar"), item("Runs", "queue-list")],
        "Administration": [
            item("Alerts", "bell"),
            item("Credentials", "lock-closed"),
            item("Audit log", "clipboard-document-list"),
        ],
    }
    return {
        "nav": [SimpleNamespace(label=label, items=items) for label, items in groups.items()],
        "access": accesses[production],
        "accesses": accesses,
        "role_names": "analyst, ops",
        "user": SimpleNamespace(
            is_authenticated=True, get_full_name="Ana Lind", get_username="ana@acme.example"
        ),
    }


def _steps() -> list[dict[str, Any]]:
    labels = ("Account", "Add data", "Dataflow detail", "Mapping", "Scheduling", "Review")
    states = ("done", "done", "problem", "done", "current", "todo")
    return [
        {"label": label, "url": "" if state == "todo" else "#", "state": state, "problems": 2}
        for label, state in zip(labels, states, strict=True)
    ]


def _progress() -> list[dict[str, Any]]:
    return [
        {
            "title": "Create the schema",
            "state": "done",
            "duration": "1.2 s",
            "object_label": "Schema",
            "object_id": "https://ns.adobe.com/acme/schemas/5c1a2f7be6d94b15a8a0b4a3a7a9a2f1",
        },
        {"title": "Create the dataset", "state": "sending", "detail": "attempt 2"},
        {
            "title": "Create the mapping set",
            "state": "failed",
            "duration": "0.4 s",
            "message": "Mapping 3 names a source column that is not selected: Create_Date.",
            "whose_turn": "Yours",
            "remedy": "Choose the column in Add data, or map another one.",
            "code": "CONN-1234-400",
            "request_id": "GmB2YyXbA0pHxXn3VpVqJq8S7cYb9bQ1",
            "request": "POST /data/foundation/conversion/mappingSets\n{\n  …\n}",
        },
        {
            "title": "Create the target connection",
            "state": "unknown",
            "message": "The connection was cut before an answer came. It is looked up in 12 s.",
        },
        {"title": "Create the dataflow", "state": "todo"},
        {"title": "Create the field group", "state": "skipped", "detail": "exists already"},
        {"title": "Delete the dataset", "state": "undone"},
    ]


def _tree() -> list[dict[str, Any]]:
    def leaf(name: str, path: str, kind: str = "string", **more: Any) -> dict[str, Any]:
        return {"name": name, "path": path, "type": kind, **more}

    return [
        leaf("_id", "_id", title="Identifier", required=True),
        {
            **leaf("_acme", "_acme", "object", tenant=True, open=True),
            "children": [
                leaf("customerId", "_acme.customerId", title="Customer", identity=True),
                {
                    **leaf("loyalty", "_acme.loyalty", "object"),
                    "children": [leaf("points", "_acme.loyalty.points", "integer")],
                },
            ],
        },
        leaf("timestamp", "timestamp", "date-time", title="Timestamp", required=True),
    ]


def _mapping() -> list[dict[str, Any]]:
    return [
        {
            "prefix": "row-1",
            "number": 1,
            "source": "Product_Id",
            "source_type": "string",
            "target": "_id",
            "target_type": "string",
            "required": True,
            "confidence": 98,
            "reason": "The only key column",
        },
        {
            "prefix": "row-2",
            "number": 2,
            "source": 'concat(First_Name, " ", Last_Name)',
            "expression": True,
            "target": "person.name.fullName",
            "target_type": "string",
        },
        {
            "prefix": "row-3",
            "number": 3,
            "source": "Create_Date",
            "source_type": "string",
            "target": "_acme.createdAt",
            "target_type": "date-time",
            "identity": True,
            "problem": "Create_Date is not among the chosen columns.",
        },
    ]


def _charts() -> dict[str, charts.Chart]:
    hours = [f"{hour}:00" for hour in range(24)]
    rows = [40, 36, 55, 60, 47, 78, 92, 88, 71, 69, 83, 97, 104, 96, 88, 91, 120, 131, 118, 102, 99]
    rows += [86, 74, 66]
    failed = [0, 0, 1, 0, 0, 2, 0, 5, 3, 0, 0, 0, 1, 9, 4, 0, 0, 0, 0, 0, 2, 0, 0, 0]
    waits = [None if hour == 9 else 30 + hour * hour % 37 for hour in range(24)]
    return {
        "records": charts.stacked_bars(
            "records",
            "Records per hour, last 24 h",
            hours,
            [
                charts.Series("Ingested", "info", [value * 1000 for value in rows]),
                charts.Series("Failed", "negative", [value * 1000 for value in failed]),
            ],
        ),
        "states": charts.stacked_bars(
            "states",
            "Runs per hour by state",
            hours,
            [
                charts.Series("Success", "positive", [value // 8 for value in rows]),
                charts.Series("Partial success", "notice", [value // 2 for value in failed]),
                charts.Series("Failed", "negative", [value // 3 for value in failed]),
            ],
        ),
        "duration": charts.lines(
            "duration",
            "Duration, seconds",
            hours,
            [
                charts.Series("Copy", "info", waits),
                charts.Series("Promotion", "neutral", [20.0 + h % 5 for h in range(24)]),
            ],
        ),
        "nothing": charts.stacked_bars(
            "nothing", "No runs yet", ["Mon", "Tue"], [charts.Series("Runs", "info", [0, 0])]
        ),
    }


def _rows() -> list[dict[str, Any]]:
    marks = ["success", "success", "partial", "success", "failed", "failed", "success", "waiting"]
    rows = []
    for n, state in enumerate(_STATES):
        turned = marks[n:] + marks[:n] + ["none", "success", "running", "success", "partial"]
        rows.append(
            {
                "id": n,
                "name": _LONG if n == 4 else f"PayPal products {n + 1}",
                "status": look.RUN_STATES[state],
                "strip": look.strip(
                    [
                        (mark, f"{mark.capitalize()}, 12:00 UTC, 1,204 records", "#")
                        for mark in turned
                    ],
                    "Last runs",
                ),
                "at": _NOON - timedelta(hours=n),
                "took": timedelta(seconds=12 * n * n),
                "received": None if n == 5 else 1_204_118 * n,
            }
        )
    return rows


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    """All components. ``?production`` shows the frame of a production sandbox."""
    if request.method == "POST":
        return JsonResponse({"revision": int(request.POST.get("revision") or 0) + 1})
    if "q" in request.GET:
        return HttpResponse(format_html("You asked for {}", request.GET["q"]))
    if "part" in request.GET:
        return HttpResponse("<p data-announce>3 tables</p>")
    form = SampleForm()
    wrong = SampleForm({"interval": "0", "frequency": "once"}, auto_id="wrong_%s")
    wrong.add_error(None, "Somebody else saved this draft in the meantime.")
    context = {
        **_shell("production" in request.GET),
        "form": form,
        "wrong": wrong,
        "steps": _steps(),
        "progress": _progress(),
        "tree": _tree(),
        "mapping": _mapping(),
        "charts": _charts(),
        "rows": _rows(),
        "tones": look.TONE_ICONS,
        "state_groups": [look.RUN_STATES, look.DATAFLOW_STATES, look.SUBMISSION_STATES],
        "crumbs": [{"label": "Sources", "url": "#"}, {"label": "Dataflows", "url": "#"}],
        "chips": [
            {"label": "All", "count": 214, "url": "#", "current": True},
            {"label": "Failed", "count": 3, "url": "#", "icon": "x-circle"},
            {"label": "Late", "count": 0, "url": "#", "icon": "clock"},
        ],
        "tabs": [
            {"label": "Runs", "url": "#", "current": True, "count": 14},
            {"label": "Definition", "url": "#"},
            {"label": "Lineage", "url": "#"},
        ],
        "facts": [
            {"term": "Source", "value": "PayPal"},
            {"term": "Dataset", "value": "64f1c0ffee0123456789abcd", "as_id": True},
            {"term": "Table", "value": _LONG, "mono": True},
            {"term": "Delta column", "value": None},
        ],
        "figures": [
            {"term": "Records received", "value": "1,204,118"},
            {"term": "Records failed", "value": "1,204", "note": "0.1 %"},
            {"term": "Skipped", "value": "–"},
        ],
        "options": [
            {"value": "a", "label": "Existing account", "text": "4 accounts", "checked": True},
            {"value": "b", "label": "New account", "text": "Built from the source's fields"},
            {"value": "c", "label": "From a file", "text": "Not offered here", "disabled": True},
        ],
        "actions": [
            {"label": "Try again", "url": "#", "primary": True},
            {"label": "See the run", "url": "#"},
        ],
        "curl": 'curl -X POST "$PLATFORM/data/foundation/flowservice/flows" \\\n'
        '  -H "Authorization: Bearer $TOKEN" \\\n  -d @flow.json',
        "columns": [f"Column_{n}" for n in range(1, 31)],
        "now": datetime.now(UTC) - timedelta(seconds=40),
    }
    return render(request, "gallery.html", context)
