"""Words and rows that several pages share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from flowsite.core.look import Status
from flowsite.definitions.problems import Problem

TURNS: Final[dict[str, Promise]] = {
    "analyst": _("Yours"),
    "ops": _("The people on duty"),
    "admin": _("An administrator"),
    "adobe": _("Adobe"),
    "provider": _("The source's provider"),
    "wait": _("Nobody's: it passes by itself"),
}
ACCOUNT_STATES: Final[dict[str, Status]] = {
    "enabled": Status(_("Enabled"), "positive"),
    "disabled": Status(_("Disabled"), "neutral", "pause-circle"),
    "draft": Status(_("Draft"), "neutral", "pencil-square"),
}


def account_status(state: str) -> Status:
    """AEP's word for the state of an account, as people see it."""
    known = ACCOUNT_STATES.get(state.lower())
    return known or Status(_("Processing"), "info", "arrow-path", title=state)


def turn(who: str) -> str:
    """Whose turn it is."""
    return str(TURNS.get(who, who))


@dataclass(frozen=True)
class Failure:
    """An error as components/alert.html prints it."""

    title: str
    text: str
    cause: str = ""
    whose_turn: str = ""
    remedy: str = ""
    code: str = ""
    request_id: str = ""


def failure(words: dict[str, Any], title: str) -> Failure:
    """From what ``submissions.words`` keeps of an error."""
    return Failure(
        title=title,
        text=str(words.get("message") or words.get("cause") or ""),
        cause=str(words.get("cause") or ""),
        whose_turn=turn(str(words.get("whose_turn") or "")),
        remedy=str(words.get("remedy") or ""),
        code=str(words.get("code") or ""),
        request_id=str(words.get("request_id") or ""),
    )


@dataclass(frozen=True)
class Finding:
    """A problem as the pages print it; ``anchor`` is the id of the field that mends it."""

    message: str
    error: bool
    url: str = ""
    step_label: str = ""
    code: str = ""


#: The key in the document → the id of the field on the page of its step. Longest prefix first.
_ANCHORS: Final = (
    ("account", "accounts"),
    ("data.columns", "columns"),
    ("data.file_type", "id_file_type"),
    ("data.column_delimiter", "id_column_delimiter"),
    ("data", "objects"),
    ("name", "id_name"),
    ("description", "id_description"),
    ("dataset.new.name", "id_dataset_name"),
    ("dataset.new.profile_enabled", "id_profile_enabled"),
    ("dataset.new.schema.identity", "id_identity_column"),
    ("dataset.new.schema", "schema"),
    ("dataset", "id_into"),
    ("options.error_diagnostics", "id_error_diagnostics"),
    ("options.partial_ingestion_percent", "id_percent"),
    ("mapping", "mapping"),
    ("schedule.interval", "id_interval"),
    ("schedule.start", "id_start"),
    ("schedule.load_incremental_by", "id_load_incremental_by"),
    ("schedule.date_format", "id_date_format"),
    ("schedule.backfill", "id_backfill"),
    ("schedule", "id_frequency"),
)


def anchor(problem: Problem) -> str:
    """The id of the field, or at least of the part, that mends a problem."""
    if problem.step == "mapping" and problem.field.startswith("mapping["):
        number = problem.field[len("mapping[") :].partition("]")[0]
        return f"row-{number}"
    fitting = [
        (len(prefix), name)
        for prefix, name in _ANCHORS
        if problem.field == prefix or problem.field.startswith((f"{prefix}.", f"{prefix}["))
    ]
    return max(fitting)[1] if fitting else "main"
