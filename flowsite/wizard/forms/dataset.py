"""What the Dataflow detail step posts: name, target, schema, and how bad rows are treated."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from flowsite.definitions.model import (
    MAX_NAME,
    Data,
    FieldChoice,
    NewDataset,
    Options,
    PartialDefinition,
    SchemaChoice,
    is_storable,
)
from flowsite.definitions.naming import readable, words_of
from flowsite.definitions.sources import Source
from flowsite.wizard.forms.picks import packed, unpacked_field, unpacked_pick

NAMESPACES: Final = ("Email", "Phone", "CRMID", "ECID", "AAID", "GAID", "IDFA", "Phone_E.164")
DEFAULT_PERCENT: Final = 5
NEEDED: Final = ("name", "dataset_name", "propose", "percent")


class DatasetForm(forms.Form):
    """Nothing is required here: what is missing is listed, and Finish waits for it.

    No field is called ``target`` or ``dataset``: it would hide that property of the form.
    """

    name = forms.CharField(
        label=_("Dataflow name"),
        required=False,
        max_length=MAX_NAME,
        help_text=_("Shown in monitoring and in alerts."),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    into = forms.ChoiceField(
        required=False, choices=[("existing", _("Existing dataset")), ("new", _("New dataset"))]
    )
    dataset_pick = forms.CharField(required=False, max_length=10_000)
    dataset_name = forms.CharField(
        label=_("Output dataset name"), required=False, max_length=MAX_NAME
    )
    dataset_description = forms.CharField(
        label=_("Dataset description"), required=False, max_length=4000
    )
    schema_from = forms.ChoiceField(
        required=False,
        choices=[("propose", _("Propose from the columns")), ("existing", _("Existing schema"))],
    )
    schema_pick = forms.CharField(required=False, max_length=10_000)
    propose = forms.ChoiceField(
        label=_("Class"),
        required=False,
        choices=[
            ("profile", _("XDM Individual Profile: one record a person or thing")),
            ("event", _("XDM ExperienceEvent: something that happened at a time")),
        ],
    )
    schema_title = forms.CharField(
        label=_("Schema title"),
        required=False,
        max_length=MAX_NAME,
        help_text=_("Unique among all schemas and field groups; the same as the dataset if empty."),
    )
    identity_column = forms.CharField(
        label=_("Primary identity column"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"list": "identity-columns", "autocomplete": "off"}),
        help_text=_("Names the person or thing of each row. Needed for Profile."),
    )
    identity_namespace = forms.CharField(
        label=_("Identity namespace"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "namespaces", "autocomplete": "off"}),
    )
    profile_enabled = forms.BooleanField(label=_("Profile dataset"), required=False)
    error_diagnostics = forms.BooleanField(
        label=_("Error diagnostics"),
        required=False,
        help_text=_("Keeps the rows that fail, with the reason, for 30 days."),
    )
    partial = forms.BooleanField(
        label=_("Partial ingestion"),
        required=False,
        help_text=_("A batch is kept although some of its rows fail, up to the threshold."),
    )
    percent = forms.DecimalField(
        label=_("Error threshold %"),
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=3,
        max_digits=6,
        widget=forms.NumberInput(attrs={"class": "short", "step": "any"}),
    )

    def __init__(
        self,
        definition: PartialDefinition,
        data: QueryDict | None = None,
        *,
        source: Source | None = None,
    ) -> None:
        super().__init__(data, initial=initial(definition, source))
        self._choices = chosen_fields(definition)

    def mark_needed(self) -> None:
        """Labels what Finish waits for as needed, once the values have been read."""
        self.is_valid()
        for name in NEEDED:
            self.fields[name].required = True

    def complain(self, message: str) -> None:
        """Adds an error that was found while saving."""
        self.add_error(None, message)

    def value(self, name: str) -> str:
        """What a field shows now: posted, else stored or proposed."""
        return str(self[name].value() or "")

    def parts(self) -> dict[str, Any]:
        """The document's parts from every field that could be read."""
        given = self.cleaned_data
        if not given.get("into") and "name" not in self.data:
            return {}
        return {
            "name": given.get("name") or None,
            "description": given.get("description") or None,
            "dataset": self._dataset(),
            "options": self._options(),
        }

    def _dataset(self) -> dict[str, Any] | None:
        if self.cleaned_data.get("into") == "existing":
            return {"existing": unpacked_pick(self.cleaned_data.get("dataset_pick")) or {}}
        if self.cleaned_data.get("into") == "new":
            return {"new": self._new()}
        return None

    def _new(self) -> dict[str, Any]:
        given = self.cleaned_data
        new: dict[str, Any] = {"name": given.get("dataset_name") or ""}
        if given.get("dataset_description"):
            new["description"] = given["dataset_description"]
        if choice := self._schema():
            new["schema"] = choice
        new["profile_enabled"] = bool(given.get("profile_enabled"))
        return new

    def _schema(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("schema_from") == "existing":
            pick = unpacked_pick(given.get("schema_pick")) or {}
            found = {"id": pick.get("id"), "title": pick.get("name")}
            return {key: value for key, value in found.items() if value}
        if not given.get("propose"):
            return {}
        choice: dict[str, Any] = {"propose": given["propose"]}
        if given.get("schema_title"):
            choice["title"] = given["schema_title"]
        column, namespace = given.get("identity_column"), given.get("identity_namespace")
        if column or namespace:
            choice["identity"] = {"column": column or "", "namespace": namespace or ""}
        if fields := self._fields():
            choice["fields"] = fields
        return choice

    def _fields(self) -> list[dict[str, str]]:
        """Fields that differ from the proposal; those that the page did not show stay."""
        kept = {one.column: one.model_dump(exclude_none=True) for one in self._choices}
        posted = (self.data.getlist(name) for name in ("field", "field_name", "field_title"))
        for text, name, title in zip(*posted, strict=False):
            proposal = unpacked_field(text)
            if proposal is None or not (is_storable(name) and is_storable(title)):
                continue
            column, proposed_name, proposed_title = proposal
            choice = {"column": column}
            if name.strip() not in ("", proposed_name):
                choice["name"] = name.strip()
            if title.strip() not in ("", proposed_title):
                choice["title"] = title.strip()
            kept.pop(column, None)
            if len(choice) > 1:
                kept[column] = choice
        return list(kept.values())

    def _options(self) -> dict[str, Any]:
        given = self.cleaned_data
        options: dict[str, Any] = {"error_diagnostics": bool(given.get("error_diagnostics"))}
        if given.get("partial"):
            percent = given.get("percent")
            percent = DEFAULT_PERCENT if percent is None else percent
            whole = percent == int(percent)
            options["partial_ingestion_percent"] = int(percent) if whole else float(percent)
        return options


def initial(definition: PartialDefinition, source: Source | None) -> dict[str, Any]:
    """The draft's values; before the first save, what most people want."""
    dataset, options = definition.dataset, definition.options or Options()
    title = proposed_name(source, definition.data)
    begun = dataset is not None
    percent = options.partial_ingestion_percent
    values: dict[str, Any] = {
        "name": definition.name or ("" if begun else title),
        "description": definition.description or "",
        "into": "existing" if dataset and dataset.existing else "new",
        "dataset_name": "" if begun else title,
        "schema_from": "propose",
        "propose": "profile",
        "error_diagnostics": options.error_diagnostics,
        "partial": percent is not None if begun else True,
        "percent": percent if percent is not None else DEFAULT_PERCENT,
    }
    if dataset and dataset.existing:
        existing = dataset.existing
        if existing.id or existing.name:
            values["dataset_pick"] = packed({"id": existing.id or "", "name": existing.name or ""})
    if dataset and dataset.new:
        values |= _initial_new(dataset.new)
    return values


def chosen_fields(definition: PartialDefinition) -> tuple[FieldChoice, ...]:
    """What the draft says about the proposed schema's fields."""
    new = definition.dataset.new if definition.dataset else None
    choice = new.schema_choice if new else None
    return (choice.fields or ()) if choice else ()


def _initial_new(new: NewDataset) -> dict[str, Any]:
    values: dict[str, Any] = {
        "dataset_name": new.name,
        "dataset_description": new.description or "",
        "profile_enabled": new.profile_enabled,
    }
    choice: SchemaChoice | None = new.schema_choice
    if choice is None:
        return values
    if choice.propose is None:
        pick = packed({"id": choice.id or "", "name": choice.title or ""})
        return {**values, "schema_from": "existing", "schema_pick": pick}
    identity = choice.identity
    return {
        **values,
        "propose": choice.propose,
        "schema_title": choice.title or "",
        "identity_column": identity.column if identity else "",
        "identity_namespace": identity.namespace if identity else "",
    }


def proposed_name(source: Source | None, data: Data | None) -> str:
    """``PayPal catalog products`` for PayPal's table ``PayPal.Catalog_Products``."""
    if source is None or data is None or not data.object_name:
        return ""
    last = data.object_name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    words = words_of(last.rsplit(".", 1)[0] if data.path and not data.folder else last)
    lead = words_of(source.name)
    if words[: len(lead)] == lead:
        words = words[len(lead) :]
    tail = readable(words)
    tail = tail[:1].lower() + tail[1:]
    plain = "".join(char if char.isprintable() else " " for char in f"{source.name} {tail}")
    return plain.strip()[:MAX_NAME]
