"""The form of a new account, made from the JSON Schema of a login method (``authSpec``).

Secrets are write-only: their fields are never filled in again, and no message repeats a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from flowsite.core.redaction import redact
from flowsite.definitions.sources import Source
from flowsite.wizard.lookups import AuthMethod

PREFIX: Final = "p-"
LONGEST: Final = 20_000
MOST_FIELDS: Final = 60


def documented_methods(source: Source) -> tuple[AuthMethod, ...]:
    """Login methods from Adobe's documentation, for a sandbox whose spec says nothing."""
    return tuple(
        AuthMethod(
            name=spec.name,
            documented=True,
            schema={
                "type": "object",
                "properties": {
                    param.name: {
                        "type": "string",
                        "title": param.name,
                        "description": param.description,
                        **({"format": "password"} if param.secret else {}),
                    }
                    for param in spec.params
                },
                "required": [param.name for param in spec.params if param.required],
            },
        )
        for spec in source.auth_specs
    )


def is_secret(name: str, schema: Mapping[str, Any], secret_names: frozenset[str]) -> bool:
    """By its format, by the documentation, or by its very name."""
    return (
        schema.get("format") == "password"
        or name in secret_names
        or redact({name: "x"}) != {name: "x"}
    )


def all_properties(schema: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """Property → its schema and the condition under which it shows (``field=value``, or empty).

    Conditional parts come from ``if``/``then``/``else``, also inside ``allOf``, and from
    ``dependencies``.
    """
    found = {name: (part, "") for name, part in _properties(schema)}
    for branch in (schema, *_objects(schema.get("allOf"))):
        condition, negated = _condition(branch.get("if"))
        for key, shown in (("then", condition), ("else", negated)):
            part = branch.get(key)
            for name, child in _properties(part if isinstance(part, Mapping) else {}):
                found.setdefault(name, (child, shown))
        if branch is not schema and "if" not in branch:
            for name, child in _properties(branch):
                found.setdefault(name, (child, ""))
    for branches in (schema.get("oneOf"), schema.get("anyOf")):
        for branch in _objects(branches):
            for name, child in _properties(branch):
                found.setdefault(name, (child, ""))
    return dict(list(found.items())[:MOST_FIELDS])


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    properties = schema.get("properties")
    for name, part in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(part, Mapping) and name:
            yield str(name), dict(part)


def _condition(test: Any) -> tuple[str, str]:
    """``field=value`` for a test on one property, and its opposite."""
    for name, part in _properties(test) if isinstance(test, Mapping) else ():
        values = [part["const"]] if "const" in part else part.get("enum")
        if isinstance(values, list) and values:
            text = "|".join(_as_text(value) for value in values)
            return f"{PREFIX}{name}={text}", f"{PREFIX}{name}!={text}"
    return "", ""


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    return str(value)


class AccountForm(forms.Form):
    """Name, description, and one field for each parameter of the login method."""

    name = forms.CharField(
        label="Account name",
        max_length=200,
        help_text="How colleagues recognise it: provider, region, purpose.",
    )
    description = forms.CharField(required=False, max_length=1000)

    def __init__(
        self,
        *args: Any,
        source: Source,
        method: AuthMethod | None,
        taken: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.method, self.taken = method, taken
        self.schemas: dict[str, dict[str, Any]] = {}
        documented = next((s for s in source.auth_specs if method and s.name == method.name), None)
        params = documented.params if documented else ()
        self.secret_names = frozenset(param.name for param in params if param.secret)
        self.help = {param.name: param.description for param in params}
        required = set(method.schema.get("required") or ()) if method else set()
        for name, (schema, shown) in all_properties(method.schema if method else {}).items():
            self.schemas[name] = schema
            field = self._field(name, schema, required=name in required)
            if shown:
                field.required = False
                field.widget.attrs["data-when"] = shown
            self.fields[PREFIX + name] = field

    @property
    def param_fields(self) -> list[tuple[Any, str]]:
        """Bound fields of the parameters with the condition under which each shows."""
        return [
            (self[PREFIX + name], str(self.fields[PREFIX + name].widget.attrs.get("data-when", "")))
            for name in self.schemas
        ]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if name in self.taken:
            raise forms.ValidationError(_("An account of this source has this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.method is not None and not any(n.startswith(PREFIX) for n in self.errors):
            self._check(self.method.schema)
        return cleaned

    def public_params(self) -> dict[str, Any]:
        """The parameters that are no secrets."""
        return {name: value for name, value in self._given().items() if not self._secret(name)}

    def secret_params(self) -> dict[str, str]:
        """The secrets, to be stored encrypted at once."""
        return {name: str(value) for name, value in self._given().items() if self._secret(name)}

    def _secret(self, name: str) -> bool:
        return is_secret(name, self.schemas[name], self.secret_names)

    def _given(self) -> dict[str, Any]:
        """What was filled in, as JSON Schema wants it; empty fields are left out."""
        found = {}
        for name, schema in self.schemas.items():
            value = self.cleaned_data.get(PREFIX + name)
            if value in (None, "") or (value is False and schema.get("type") != "boolean"):
                continue
            found[name] = value
        return found

    def _check(self, schema: dict[str, Any]) -> None:
        try:
            for error in Draft7Validator(_without_remote_refs(schema)).iter_errors(self._given()):
                for name, message in _complaints(error):
                    known = PREFIX + name in self.fields
                    self.add_error(PREFIX + name if known else None, message)
        except Exception as error:
            if isinstance(error, forms.ValidationError):
                raise
            self.add_error(None, _("This source's form could not be checked; AEP will check it."))

    def _field(self, name: str, schema: dict[str, Any], *, required: bool) -> forms.Field:
        ui = schema.get("uiAttributes")
        options: dict[str, Any] = {
            "label": str(schema.get("title") or name),
            "help_text": str(schema.get("description") or self.help.get(name, "")),
            "required": required,
            "initial": schema.get("default"),
        }
        if isinstance(ui, Mapping) and ui.get("hidden"):
            return forms.CharField(**{**options, "required": False}, widget=forms.HiddenInput)
        if is_secret(name, schema, self.secret_names):
            return forms.CharField(
                **{**options, "initial": None},
                max_length=LONGEST,
                strip=False,
                widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            )
        return _typed_field(schema, options)


def _typed_field(schema: dict[str, Any], options: dict[str, Any]) -> forms.Field:
    values = schema.get("enum")
    if isinstance(values, list) and values:
        plain = [value for value in values if isinstance(value, str | int | float)]
        blank = [] if options["required"] and options["initial"] in plain else [("", "–")]
        return forms.TypedChoiceField(
            **options,
            choices=[*blank, *((str(value), str(value)) for value in plain)],
            coerce=lambda text: next((v for v in plain if str(v) == text), text),
            empty_value="",
        )
    kind = schema.get("type")
    kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
    if kind == "boolean":
        return forms.BooleanField(**{**options, "required": False})
    if kind == "integer":
        return forms.IntegerField(**options)
    if kind == "number":
        return forms.FloatField(**options)
    if kind in ("object", "array"):
        return _JsonField(**options, widget=forms.Textarea(attrs={"class": "mono", "rows": 4}))
    if schema.get("format") == "date":
        return forms.CharField(**options, widget=forms.DateInput(attrs={"type": "date"}))
    return forms.CharField(
        **options, max_length=LONGEST, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class _JsonField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("Write it as JSON.")) from error


def _complaints(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Field and sentence; never with the value, which may be a secret."""
    if error.validator == "required" and not error.path and isinstance(error.instance, dict):
        wanted: Any = error.validator_value
        for name in wanted:
            if name not in error.instance:
                yield str(name), _("This parameter is required.")
        return
    if error.validator in ("anyOf", "oneOf", "if") and not error.path:
        context = [sub for sub in error.context or () if sub.validator == "required"]
        for sub in context[:1]:
            yield from _complaints(sub)
        if context:
            return
    name = str(error.path[0]) if error.path else ""
    limit = error.validator_value
    sentences = {
        "minLength": _("It has at least %(limit)s characters."),
        "maxLength": _("It has at most %(limit)s characters."),
        "minimum": _("It is at least %(limit)s."),
        "maximum": _("It is at most %(limit)s."),
        "type": _("It must be of type %(limit)s."),
        "pattern": _("It does not have the form that this source expects."),
        "enum": _("Choose one of the values offered."),
    }
    default = _("The source does not accept this value.")
    yield name, sentences.get(str(error.validator), default) % {"limit": limit}


def _without_remote_refs(schema: Any) -> Any:
    """A copy in which nothing would be fetched from elsewhere."""
    if isinstance(schema, Mapping):
        return {
            key: _without_remote_refs(value)
            for key, value in schema.items()
            if not (key == "$ref" and not str(value).startswith("#")) and key not in ("$id", "id")
        }
    if isinstance(schema, list):
        return [_without_remote_refs(one) for one in schema]
    return schema
