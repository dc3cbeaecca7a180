"""The file form: reading with care, errors that name the key, a stable text."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowsite.definitions.model import (
    Account,
    Data,
    DataflowDefinition,
    Dataset,
    ExistingDataset,
    Identity,
    MappingRow,
    NewDataset,
    Options,
    PartialDefinition,
    Schedule,
    SchemaChoice,
)
from flowsite.definitions.problems import DefinitionError, IncompleteDefinition
from flowsite.definitions.sources import SOURCES
from flowsite.definitions.yamlform import (
    MAX_CHARACTERS,
    dump,
    example,
    json_schema,
    load,
    load_partial,
)

FILE = """\
version: 1
name: PayPal products
account: {source: paypal, name: PayPal EU}
data: {table: PayPal.Catalog_Products, columns: all}
dataset:
  new: {name: PayPal products, schema: {propose: profile}}
mapping: [{source: Product_Id, target: _id}, {expression: "upper(Product_Name)", target: _acme.p}]
schedule:
  {frequency: hour, interval: 1, start: 2027-01-01T00:00:00Z, load_incremental_by: Create_Time,
   backfill: true}
options: {error_diagnostics: true, partial_ingestion_percent: 5}
"""


def test_a_file_becomes_the_definition_it_describes():
    definition = load(FILE)

    assert definition == DataflowDefinition(
        name="PayPal products",
        account=Account(source="paypal", name="PayPal EU"),
        data=Data(table="PayPal.Catalog_Products", columns="all"),
        dataset=Dataset(
            new=NewDataset(name="PayPal products", schema=SchemaChoice(propose="profile"))
        ),
        mapping=(
            MappingRow(source="Product_Id", target="_id"),
            MappingRow(expression="upper(Product_Name)", target="_acme.p"),
        ),
        schedule=Schedule(
            frequency="hour",
            interval=1,
            start=datetime(2027, 1, 1, tzinfo=UTC),
            backfill=True,
            load_incremental_by="Create_Time",
        ),
        options=Options(error_diagnostics=True, partial_ingestion_percent=5),
    )


def test_dump_writes_one_stable_text():
    text = dump(load(FILE))

    assert dump(load(text)) == text
    assert text.splitlines()[:5] == [
        "version: 1",
        "name: PayPal products",
        "account:",
        "  source: paypal",
        "  name: PayPal EU",
    ]
    assert "  start: 2027-01-01T00:00:00Z" in text.splitlines()
    assert "  - {source: Product_Id, target: _id}" in text.splitlines()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "schedule:", "shedule:", "Unknown key “shedule”: did you mean “schedule”?", id="top key"
        ),
        pytest.param(
            "propose: profile",
            "propse: profile",
            "Unknown key “propse” in dataset.new.schema: did you mean “propose”?",
            id="nested key",
        ),
        pytest.param(
            "target: _id}",
            "targt: _id}",
            "Unknown key “targt” in mapping[0]: did you mean “target”?",
            id="key in a row",
        ),
        pytest.param(
            "interval: 1",
            "interval: '1'",
            "schedule.interval must be a whole number, not “1”.",
            id="text for a number",
        ),
        pytest.param(
            "percent: 5",
            "percent: '5'",
            "options.partial_ingestion_percent must be a number, not “5”.",
            id="text for a percentage",
        ),
        pytest.param(
            "start: 2027-01-01T00:00:00Z",
            "start: 2027-01-01T00:00:00",
            "schedule.start needs a time zone: write it like 2027-01-01T00:00:00Z.",
            id="no zone",
        ),
        pytest.param(
            "start: 2027-01-01T00:00:00Z",
            "start: 1798761600",
            "schedule.start must be a date and time with a zone, such as 2027-01-01T00:00:00Z, "
            "not “1798761600”.",
            id="epoch",
        ),
        pytest.param(
            "columns: all",
            "columns: some",
            "data.columns must be the word all or a list, not “some”.",
            id="word for columns",
        ),
        pytest.param(
            "columns: all",
            "columns: [a, 1]",
            "data.columns[1] must be text; put it in quotes, not “1”.",
            id="number in columns",
        ),
        pytest.param(
            "frequency: hour",
            "frequency: hourly",
            "schedule.frequency must be once, minute, hour, day or week, not “hourly”.",
            id="enum",
        ),
        pytest.param(
            "backfill: true",
            "backfill: yes",
            "schedule.backfill must be true or false, not “yes”.",
            id="yes is text",
        ),
        pytest.param(
            "account: {source: paypal, name: PayPal EU}",
            "account: paypal",
            "account must be a block with the keys source, id, name, not “paypal”.",
            id="word for a block",
        ),
        pytest.param("source: paypal, ", "", "account.source is missing.", id="missing key"),
        pytest.param(
            "version: 1\n",
            "",
            "The key version is missing: begin with “version: 1”.",
            id="no version",
        ),
        pytest.param(
            "version: 1\n",
            "version: 2\n",
            "version is “2”, but this program reads version 1 only.",
            id="other version",
        ),
        pytest.param(
            "interval: 1",
            "interval: 1, interval: 2",
            "Line 9, column 34: the key “interval” is given twice.",
            id="key twice",
        ),
        pytest.param(
            "name: PayPal products\n",
            "name: &a PayPal\ndescription: *a\n",
            "Line 2, column 7: anchors and aliases are not allowed.",
            id="alias",
        ),
        pytest.param(
            "version: 1\n",
            "version: !!python/name:os.system 1\n",
            "Line 1, column 10: tags are not allowed.",
            id="tag",
        ),
        pytest.param(
            FILE,
            "",
            "The file must hold one block of keys, beginning with “version: 1”.",
            id="empty",
        ),
    ],
)
def test_an_unreadable_file_is_refused_with_a_sentence(old, new, sentence):
    with pytest.raises(DefinitionError) as caught:
        load(FILE.replace(old, new, 1))

    assert str(caught.value).splitlines()[0] == sentence


def test_an_unfinished_file_lists_what_is_missing_by_key():
    with pytest.raises(IncompleteDefinition) as caught:
        load("version: 1\nname: Half\naccount: {source: paypal, id: a}\nmapping: suggested\n")

    assert [problem.field for problem in caught.value.problems] == ["data", "dataset", "schedule"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5000, id="deep"),
        pytest.param("version: 1\nmapping:\n" + "- {}\n" * 100_001, id="many nodes"),
        pytest.param("version: 1\nname: " + "x" * MAX_CHARACTERS, id="long"),
        pytest.param("version: 1\n---\nversion: 1\n", id="two documents"),
        pytest.param("version: 1\nname: a: b\n", id="not YAML"),
        pytest.param("version: 1\nname: \x01\n", id="control character"),
    ],
)
def test_a_hostile_file_is_refused(text):
    with pytest.raises(DefinitionError):
        load_partial(text)


@pytest.mark.parametrize("word", ["No", "yes", "on", "0x1F", "1e3", "12:30:00", "2027-01-01", "="])
def test_words_that_yaml_1_1_would_convert_stay_text(word):
    partial = load_partial(f"version: 1\ndata: {{columns: [{word}]}}")

    assert partial.data == Data(columns=(word,))


@pytest.mark.parametrize("slug", [source.slug for source in SOURCES if source.buildable])
def test_the_example_of_every_buildable_source_loads(slug):
    definition = load(example(slug, datetime(2031, 5, 6, 7, 8, tzinfo=UTC)))

    assert definition.account.source == slug
    assert definition.schedule.start == datetime(2031, 5, 6, 7, 8, tzinfo=UTC)


def test_no_example_for_a_source_without_a_spec():
    with pytest.raises(DefinitionError, match="Meta Ads"):
        example("meta-ads")


@pytest.mark.parametrize("slug", ["paypal", "square", "stripe"])
def test_the_json_schema_accepts_what_load_accepts(slug):
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    document = json.loads(json.dumps(yaml.safe_load(example(slug)), default=str))
    document["schedule"]["start"] = "2030-01-01T00:00:00Z"

    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert list(Draft202012Validator(schema).iter_errors({**document, "shedule": 1})) != []


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=0, max_size=40
)
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text
)
WORDS = st.sampled_from(
    ["all", "No", "yes", "null", "~", "08", "1_000", "1.", ".5", "-", "<<", "#a"]
)
ANY = TEXT | WORDS
MAYBE = st.none() | ANY
PARAMS = st.dictionaries(
    ANY,
    st.none()
    | st.booleans()
    | st.integers()
    | ANY
    | st.floats(allow_nan=False, allow_infinity=False),
    max_size=3,
)
MOMENTS = st.datetimes(
    datetime(1980, 1, 1),
    datetime(2900, 1, 1),
    timezones=st.timezones(),
)


def parts(kind: Any, **fields: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.builds(kind, **fields)


PARTIALS = st.builds(
    PartialDefinition,
    name=st.none() | LINE,
    description=MAYBE,
    account=parts(Account, source=ANY, id=MAYBE, name=MAYBE),
    data=parts(
        Data,
        table=MAYBE,
        resource=MAYBE,
        params=st.none() | PARAMS,
        path=MAYBE,
        file_type=st.sampled_from([None, "delimited", "json", "parquet"]),
        folder=st.booleans(),
        column_delimiter=MAYBE,
        columns=st.just("all") | st.lists(ANY, max_size=4).map(tuple),
    ),
    dataset=parts(
        Dataset,
        existing=parts(ExistingDataset, id=MAYBE, name=MAYBE),
        new=parts(
            NewDataset,
            name=LINE,
            description=MAYBE,
            schema=parts(
                SchemaChoice,
                id=MAYBE,
                title=MAYBE,
                propose=st.sampled_from([None, "profile", "event"]),
                identity=parts(Identity, column=ANY, namespace=ANY),
            ),
            profile_enabled=st.booleans(),
        ),
    ),
    mapping=st.none()
    | st.just("suggested")
    | st.lists(st.builds(MappingRow, source=MAYBE, expression=MAYBE, target=ANY), max_size=3).map(
        tuple
    ),
    schedule=parts(
        Schedule,
        frequency=st.sampled_from(["once", "minute", "hour", "day", "week"]),
        interval=st.none() | st.integers(-5, 10**9),
        start=st.none() | MOMENTS,
        backfill=st.none() | st.booleans(),
        load_incremental_by=MAYBE,
        date_format=MAYBE,
    ),
    options=parts(
        Options,
        error_diagnostics=st.booleans(),
        partial_ingestion_percent=st.none()
        | st.integers(-5, 500)
        | st.floats(allow_nan=False, allow_infinity=False),
    ),
)


@settings(max_examples=150, deadline=None)
@given(PARTIALS)
def test_any_document_survives_the_file_form(partial):
    text = dump(partial)

    again = load_partial(text)

    assert again == partial
    assert dump(again) == text


@settings(max_examples=150, deadline=None)
@given(PARTIALS)
def test_any_document_survives_json(partial):
    assert PartialDefinition.model_validate(partial.model_dump(mode="json")) == partial


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | TEXT.map(lambda text: f"version: 1\n{text}"))
def test_any_text_loads_or_is_refused(text):
    with contextlib.suppress(DefinitionError):
        assert isinstance(load(text), DataflowDefinition)


def test_a_number_of_thousands_of_digits_is_refused_with_a_sentence():
    with pytest.raises(DefinitionError, match="version is"):
        load_partial("version: " + "9" * 5000)
