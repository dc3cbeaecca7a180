"""Files with anything in them: read, or refused with a sentence, never anything else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

# ruff: noqa: PT017 -- a refusal is one of two good outcomes
from flowsite.definitions.model import PartialDefinition
from flowsite.definitions.problems import DefinitionError
from flowsite.definitions.yamlform import dump, load_partial
from flowsite.wizard import mapping_csv
from flowsite.wizard.forms.picks import unpacked_pick, unpacked_text
from tests.fuzz import hostile

MANY = settings(max_examples=100, deadline=None)
KEYS = [*PartialDefinition.model_fields, "new", "existing", "schema", "columns", "source", "x"]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(hostile.VALUES)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=20,
)


def read(text: str) -> PartialDefinition | None:
    try:
        return load_partial(text)
    except DefinitionError as refusal:
        assert str(refusal).strip()
        return None


@given(st.text() | TREES.map(repr))
@MANY
def test_any_text_is_yaml_of_ours_or_refused(text: str) -> None:
    for whole in (text, f"version: 1\n{text}", f"version: 1\nname: {text}"):
        found = read(whole)
        assert found is None or load_partial(dump(found)) == found


@given(st.dictionaries(st.sampled_from(KEYS), TREES, max_size=6))
@MANY
def test_any_document_is_read_or_refused(content: dict[str, Any]) -> None:
    found = read(yaml.safe_dump({**content, "version": 1}, allow_unicode=True))
    assert found is None or load_partial(dump(found)) == found


@pytest.mark.parametrize("text", hostile.YAMLS)
def test_hostile_yaml(text: str) -> None:
    read(text)


@given(
    st.binary()
    | st.text().map(lambda text: f"source,destination\n{text}".encode("utf-8", "replace"))
)
@MANY
def test_any_bytes_are_a_mapping_or_refused(data: bytes) -> None:
    try:
        rows = mapping_csv.load(data)
    except mapping_csv.CsvProblem as refusal:
        assert str(refusal).strip()
    else:
        assert mapping_csv.load(mapping_csv.export(rows).encode()) == rows


@pytest.mark.parametrize("data", hostile.CSVS, ids=range(len(hostile.CSVS)))
def test_hostile_csv(data: bytes) -> None:
    try:
        mapping_csv.load(data)
    except mapping_csv.CsvProblem as refusal:
        assert str(refusal).strip()


@given(st.text() | st.sampled_from(hostile.VALUES))
@MANY
def test_any_choice_is_a_name_or_nothing(text: str) -> None:
    assert isinstance(unpacked_text(text), str | None)
    assert isinstance(unpacked_pick(text), dict | None)
