"""The account form that a JSON Schema makes."""

from __future__ import annotations

from typing import Any

import pytest

from flowsite.definitions.sources import SOURCES, source_by_slug
from flowsite.wizard.forms.auth import AccountForm, all_properties, documented_methods
from flowsite.wizard.lookups import AuthMethod

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "host": {
            "type": "string",
            "title": "Host",
            "description": "Without https://",
            "minLength": 3,
        },
        "port": {"type": "integer", "default": 443, "minimum": 1},
        "tls": {"type": "boolean", "default": True},
        "mode": {"type": "string", "enum": ["live", "test"], "default": "live"},
        "password": {"type": "string", "format": "password", "minLength": 8},
        "accessToken": {"type": "string"},
        "internal": {"type": "string", "default": "x", "uiAttributes": {"hidden": True}},
    },
    "required": ["host", "password"],
}
GOOD = {
    "name": "PayPal EU",
    "p-host": "api.example",
    "p-port": "8443",
    "p-mode": "test",
    "p-password": " correct horse ",
    "p-accessToken": "tok-123",
    "p-internal": "x",
}


def form(data: dict[str, Any] | None, schema: dict[str, Any] = SCHEMA, **more: Any) -> AccountForm:
    method = AuthMethod("Basic", schema)
    return AccountForm(data, source=source_by_slug("paypal"), method=method, **more)


def test_values_have_the_types_of_the_schema():
    made = form({**GOOD, "p-tls": "on"})

    assert made.is_valid(), made.errors
    assert made.public_params() == {
        "host": "api.example",
        "port": 8443,
        "tls": True,
        "mode": "test",
        "internal": "x",
    }


def test_secrets_are_kept_apart_and_unstripped():
    made = form(GOOD)

    assert made.is_valid()
    assert made.secret_params() == {"password": " correct horse ", "accessToken": "tok-123"}


def test_titles_help_and_defaults_are_the_schemas():
    made = form(None)

    assert made["p-host"].label == "Host"
    assert made["p-host"].help_text == "Without https://"
    assert made["p-port"].initial == 443
    assert made["p-host"].field.required
    assert not made["p-port"].field.required


def test_a_secret_is_never_printed_again():
    made = form({**GOOD, "p-host": ""})

    html = made.as_p()

    assert "correct horse" not in html
    assert "tok-123" not in html
    assert "PayPal EU" in html


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        pytest.param({"p-host": ""}, "p-host", "required", id="missing"),
        pytest.param({"p-host": "a"}, "p-host", "at least 3", id="too short"),
        pytest.param({"p-port": "x"}, "p-port", "whole number", id="not a number"),
        pytest.param({"p-port": "0"}, "p-port", "at least 1", id="too small"),
        pytest.param({"p-mode": "other"}, "p-mode", "valid choice", id="not offered"),
        pytest.param({"p-password": "short"}, "p-password", "at least 8", id="a short secret"),
        pytest.param({"name": ""}, "name", "required", id="no name"),
    ],
)
def test_errors_stand_at_their_field_without_the_value(change, field, words):
    made = form({**GOOD, **change})

    assert not made.is_valid()
    assert words in str(made.errors[field])
    assert "'short'" not in str(made.errors)


def test_a_name_that_is_taken_is_refused():
    made = form(GOOD, taken=frozenset({"PayPal EU"}))

    assert "already" in str(made.errors["name"])


def test_conditional_parts_show_when_they_apply():
    schema = {
        "type": "object",
        "properties": {"mode": {"type": "string", "enum": ["key", "login"]}},
        "if": {"properties": {"mode": {"const": "key"}}},
        "then": {"properties": {"key": {"type": "string"}}, "required": ["key"]},
        "else": {"properties": {"user": {"type": "string"}}},
    }

    assert {name: shown for name, (_, shown) in all_properties(schema).items()} == {
        "mode": "",
        "key": "p-mode=key",
        "user": "p-mode!=key",
    }
    made = form({"name": "n", "p-mode": "key"}, schema)
    assert not made.is_valid()
    assert "p-key" in made.errors
    assert form({"name": "n", "p-mode": "login"}, schema).is_valid()


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({}, id="empty"),
        pytest.param({"properties": [1, 2]}, id="properties is a list"),
        pytest.param({"properties": {"a": "text"}}, id="a property that is no schema"),
        pytest.param({"type": "no such type", "properties": {"a": {}}}, id="unknown type"),
        pytest.param(
            {"properties": {"a": {"$ref": "http://evil.example/x"}}}, id="a remote reference"
        ),
        pytest.param({"properties": {"a": {"pattern": "("}}}, id="a broken pattern"),
    ],
)
def test_a_strange_schema_is_no_crash(schema):
    made = form({"name": "n", "p-a": "value"}, schema)

    made.is_valid()
    made.as_p()


@pytest.mark.parametrize("slug", [s.slug for s in SOURCES if s.auth_specs])
def test_every_documented_login_makes_a_form(slug):
    source = source_by_slug(slug)
    for method in documented_methods(source):
        made = AccountForm(None, source=source, method=method)
        assert made.as_p()


def test_a_secret_behind_a_reference_stays_a_secret():
    schema = {
        "definitions": {"pass~word/x": {"type": "string", "format": "password"}},
        "properties": {"host": {"type": "string"}},
        "allOf": [
            {
                "properties": {"signature": {"$ref": "#/definitions/pass~0word~1x"}},
                "required": ["signature"],
            }
        ],
    }
    made = form({"name": "A", "p-host": "h", "p-signature": "canary"}, schema)

    assert made.is_valid(), made.errors
    assert made.secret_params() == {"signature": "canary"}
    assert made.public_params() == {"host": "h"}
    assert 'type="password"' in str(made["p-signature"])
    assert made.fields["p-signature"].required
    assert "canary" not in made.as_p()


def test_references_in_a_circle_end():
    schema = {"definitions": {"a": {"$ref": "#/definitions/a"}}}
    schema["properties"] = {"x": {"$ref": "#/definitions/a"}, "y": {"$ref": "#/nowhere"}}

    assert set(all_properties(schema)) == {"x", "y"}


ALTERNATIVES: dict[str, Any] = {
    "oneOf": [
        {
            "properties": {"mode": {"const": "token"}, "accessToken": {"type": "string"}},
            "required": ["mode", "accessToken"],
        },
        {
            "properties": {"mode": {"const": "client"}, "clientId": {"type": "string"}},
            "required": ["mode", "clientId"],
        },
    ]
}


def test_constants_of_alternatives_are_a_choice():
    made = form(None, ALTERNATIVES)

    assert [value for value, _ in made.fields["p-mode"].choices] == ["", "token", "client"]
    assert {name: shown for name, (_, shown) in all_properties(ALTERNATIVES).items()} == {
        "mode": "",
        "accessToken": "p-mode=token",
        "clientId": "p-mode=client",
    }


def test_what_is_missing_is_said_for_the_alternative_that_was_chosen():
    made = form({"name": "A", "p-mode": "client"}, ALTERNATIVES)

    assert not made.is_valid()
    assert set(made.errors) == {"p-clientId"}


def test_several_of_given_values_are_ticked():
    items = {"type": "string", "enum": ["api", "full", "web"]}
    schema = {"properties": {"scopes": {"type": "array", "items": items, "minItems": 1}}}

    assert form({"name": "A"}, schema).is_valid()
    made = form({"name": "A", "p-scopes": ["api", "web"]}, schema)
    assert made.is_valid(), made.errors
    assert made.public_params() == {"scopes": ["api", "web"]}


def test_a_parameter_may_be_called_id():
    schema = {"properties": {"id": {"type": "string"}}, "additionalProperties": False}
    made = form({"name": "A", "p-id": "7"}, schema)

    assert made.is_valid(), made.errors
    assert made.public_params() == {"id": "7"}
