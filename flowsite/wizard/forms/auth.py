"""The form of a new account, made from the JSON Schema of a login method (``authSpec``).

Secrets are write-only: their fields are never filled in again, and no message repeats a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from flowsite.core.redaction import redact
from flowsite.definitions.sources import Source
from flowsite.wizard.lookups import AuthMethod

PREFIX: Final = "p-"
LONGEST: Final = 20_000
MOST_FIELDS: Final = 60
#: References that are followed one after another; more would be a circle.
MOST_HOPS: Final = 8


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

    Conditional parts come from ``if``/``then``/``else``, also inside ``allOf``, from
    ``dependencies``, and from alternatives that a constant tells apart. References into the same
    schema are followed: what makes a parameter a secret may stand there.
    """
    root = schema
    found = {name: (part, "") for name, part in _properties(schema, root)}
    for branch in (schema, *_objects(schema.get("allOf"), root)):
        condition, negated = _condition(branch.get("if"), root)
        for key, shown in (("then", condition), ("else", negated)):
            for name, child in _properties(branch.get(key), root):
                found.setdefault(name, (child, shown))
        if branch is not schema and "if" not in branch:
            for name, child in _properties(branch, root):
                found.setdefault(name, (child, ""))
    for key in ("oneOf", "anyOf"):
        for name, field in _alternatives(_objects(schema.get(key), root), root).items():
            found.setdefault(name, field)
    return dict(list(found.items())[:MOST_FIELDS])


def required_properties(schema: Mapping[str, Any]) -> set[str]:
    """What has to be filled in, whatever else is."""
    parts = [schema, *(p for p in _objects(schema.get("allOf"), schema) if "if" not in p)]
    lists = [part.get("required") for part in parts]
    return {str(name) for names in lists if isinstance(names, list) for name in names}


def _alternatives(
    branches: list[Mapping[str, Any]], root: Mapping[str, Any]
) -> dict[str, tuple[dict[str, Any], str]]:
    """Properties of all branches; constants of the same one become the values to choose from."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for branch in branches:
        condition, _negated = _condition(branch, root)
        for name, child in _properties(branch, root):
            shown = "" if condition.startswith(f"{PREFIX}{name}=") else condition
            found[name] = (_either(found[name][0], child), "") if name in found else (child, shown)
    return found


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    values = [*_constants(one), *_constants(other)]
    bare = {key: value for key, value in one.items() if key not in ("const", "enum")}
    both = _constants(one) and _constants(other)
    return {**bare, "enum": list(dict.fromkeys(values))} if both else bare


def _constants(schema: Mapping[str, Any]) -> list[Any]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    plain = (str, int, float)
    return [one for one in values if isinstance(one, plain)] if isinstance(values, list) else []


def _followed(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that a reference into the same document means; what stands beside it wins."""
    found = dict(schema) if isinstance(schema, Mapping) else {}
    for _hop in range(MOST_HOPS):
        pointer = found.pop("$ref", None)
        if not isinstance(pointer, str) or not pointer.startswith("#/"):
            break
        target: Any = root
        for part in unquote(pointer[2:]).split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        found = {**target, **found} if isinstance(target, Mapping) else found
    return found


def _objects(value: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parts = value if isinstance(value, list) else []
    return [_followed(one, root) for one in parts if isinstance(one, Mapping)]


def _properties(schema: Any, root: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    properties = _followed(schema, root).get("properties")
    for name, part in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(part, Mapping) and name:
            yield str(name), _followed(part, root)


def _condition(test: Any, root: Mapping[str, Any]) -> tuple[str, str]:
    """``field=value`` for a test on one property, and its opposite."""
    for name, part in _properties(test, root):
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
        label=gettext_lazy("Account name"),
        max_length=200,
        help_text=gettext_lazy("How colleagues recognise it: provider, region, purpose."),
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
        required = required_properties(method.schema) if method else set()
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
    plain = _constants(schema)
    if plain:
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
    items = schema.get("items")
    chosen = _constants(items) if kind == "array" and isinstance(items, Mapping) else []
    if chosen:
        return forms.TypedMultipleChoiceField(
            **options,
            choices=[(str(value), str(value)) for value in chosen],
            coerce=lambda text: next((v for v in chosen if str(v) == text), text),
            empty_value=None,
            widget=forms.CheckboxSelectMultiple,
        )
    if kind in ("object", "array"):
        options["help_text"] = options["help_text"] or _("Write it as JSON.")
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
        missing = _nearest_branch(error)
        for sub in missing:
            yield from _complaints(sub)
        if missing:
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


def _nearest_branch(error: ValidationError) -> list[ValidationError]:
    """What is missing in the alternative that was meant: the one whose constants fit."""
    branches: dict[Any, list[ValidationError]] = {}
    for sub in error.context or ():
        branches.setdefault(next(iter(sub.relative_schema_path), None), []).append(sub)

    def distance(subs: list[ValidationError]) -> tuple[bool, int]:
        return any(sub.validator in ("const", "enum") for sub in subs), len(subs)

    nearest = min(branches.values(), key=distance, default=[])
    return [sub for sub in nearest if sub.validator == "required"][:1]


def _without_remote_refs(schema: Any) -> Any:
    """A copy in which nothing would be fetched from elsewhere."""
    if isinstance(schema, Mapping):
        return {
            key: _without_remote_refs(value)
            for key, value in schema.items()
            if not (key == "$ref" and not str(value).startswith("#"))
            # A parameter may be called "id"; only the keyword, a text, changes where "#" points.
            and not (key in ("$id", "id") and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_remote_refs(one) for one in schema]
    return schema
