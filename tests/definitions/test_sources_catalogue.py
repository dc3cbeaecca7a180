"""The catalogue of sources."""

from __future__ import annotations

from collections import Counter

import pytest

from flowsite.definitions.problems import DefinitionError
from flowsite.definitions.sources import (
    SOURCES,
    categories,
    source_by_slug,
    source_by_spec,
)


def test_the_catalogue_is_whole():
    assert len(SOURCES) == 65
    assert sum(source.connection_spec_id is not None for source in SOURCES) == 57
    assert len({source.slug for source in SOURCES}) == 65
    assert Counter(source.kind for source in SOURCES if source.connection_spec_id) == {
        "tabular": 37,
        "rest": 10,
        "file": 10,
    }


def test_categories_keep_their_order():
    assert categories()[:2] == ("Payments", "Customer Relationship Management (CRM)")
    assert len(categories()) == 11


def test_secrets_are_marked():
    params = source_by_slug("paypal").auth_specs[0].params

    assert [(param.name, param.secret) for param in params] == [
        ("host", False),
        ("clientId", False),
        ("clientSecret", True),
    ]


def test_a_source_is_found_by_its_spec():
    found = source_by_spec("cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3")

    assert found is not None
    assert (found.slug, found.kind, found.flow_spec_name) == ("stripe", "rest", "RestStorageToAEP")
    assert source_by_spec("no such spec") is None


def test_an_unknown_slug_names_its_likes():
    with pytest.raises(DefinitionError, match=r"no source “strip”. Candidates: stripe"):
        source_by_slug("strip")
