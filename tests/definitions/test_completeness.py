"""From a draft to a definition: a row for each rule of the document itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowsite.definitions.complete import complete, problems
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
from flowsite.definitions.problems import IncompleteDefinition, listed, nearest

DRAFT = PartialDefinition(
    name="Products",
    account=Account(source="paypal", name="PayPal EU"),
    data=Data(table="PayPal.Catalog_Products", columns=("Product_Id", "Create_Time")),
    dataset=Dataset(existing=ExistingDataset(name="Payments")),
    mapping="suggested",
    schedule=Schedule(
        frequency="hour",
        interval=1,
        start=datetime(2027, 1, 1, tzinfo=UTC),
        load_incremental_by="Create_Time",
    ),
)
SALES = Account(source="s3", name="Bucket")


def new(**fields) -> dict[str, Dataset]:
    return {"dataset": Dataset(new=NewDataset(**{"name": "Payments", **fields}))}


def schema(**fields) -> dict[str, Dataset]:
    return new(schema=SchemaChoice(**fields))


def test_a_finished_draft_becomes_a_definition():
    definition = complete(DRAFT)

    assert isinstance(definition, DataflowDefinition)
    assert definition.options == Options()
    assert problems(definition) == []


def test_an_empty_draft_lists_every_step():
    assert [(one.step, one.field) for one in problems(PartialDefinition())] == [
        ("account", "account"),
        ("data", "data"),
        ("dataset", "name"),
        ("dataset", "dataset"),
        ("mapping", "mapping"),
        ("schedule", "schedule"),
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"name": "  "}, "missing", "name", id="blank name"),
        pytest.param(
            {"account": Account(source="paypl", id="a")},
            "unknown-source",
            "account.source",
            id="unknown source",
        ),
        pytest.param(
            {"account": Account(source="meta-ads", id="a")},
            "source-not-buildable",
            "account.source",
            id="source without a spec",
        ),
        pytest.param({"account": Account(source="paypal")}, "missing", "account", id="no account"),
        pytest.param(
            {"data": Data(columns=("Product_Id", "Create_Time"))},
            "missing",
            "data.table",
            id="no table",
        ),
        pytest.param(
            {"data": Data(resource="charges", columns=("Create_Time",))},
            "wrong-kind",
            "data.resource",
            id="resource of a table source",
        ),
        pytest.param(
            {"data": Data(table="t", columns=("Create_Time", "Create_Time"))},
            "listed-twice",
            "data.columns",
            id="column twice",
        ),
        pytest.param(
            {"data": Data(table="t", columns=())}, "missing", "data.columns", id="no columns"
        ),
        pytest.param({"dataset": Dataset()}, "missing", "dataset", id="no dataset"),
        pytest.param(
            {
                "dataset": Dataset(
                    existing=ExistingDataset(id="d"),
                    new=NewDataset(name="n", schema=SchemaChoice(id="s")),
                )
            },
            "contradiction",
            "dataset",
            id="two datasets",
        ),
        pytest.param(
            {"dataset": Dataset(existing=ExistingDataset())},
            "missing",
            "dataset.existing",
            id="no existing dataset",
        ),
        pytest.param(new(), "missing", "dataset.new.schema", id="no schema"),
        pytest.param(
            new(name="", schema=SchemaChoice(id="s")),
            "missing",
            "dataset.new.name",
            id="no dataset name",
        ),
        pytest.param(
            schema(id="s", propose="event"),
            "contradiction",
            "dataset.new.schema.id",
            id="id and proposal",
        ),
        pytest.param(
            schema(id="s", identity=Identity(column="a", namespace="b")),
            "contradiction",
            "dataset.new.schema.identity",
            id="identity of an existing schema",
        ),
        pytest.param(
            schema(propose="profile", identity=Identity(column="a")),
            "missing",
            "dataset.new.schema.identity.namespace",
            id="no namespace",
        ),
        pytest.param(
            new(schema=SchemaChoice(propose="profile"), profile_enabled=True),
            "missing",
            "dataset.new.schema.identity",
            id="Profile without identity",
        ),
        pytest.param({"mapping": ()}, "missing", "mapping", id="nothing mapped"),
        pytest.param(
            {"mapping": (MappingRow(source="a", expression="b", target="c"),)},
            "contradiction",
            "mapping[0]",
            id="source and expression",
        ),
        pytest.param(
            {"mapping": (MappingRow(target="c"),)}, "missing", "mapping[0]", id="empty row"
        ),
        pytest.param(
            {"mapping": (MappingRow(source="a"),)},
            "missing",
            "mapping[0].target",
            id="row without target",
        ),
        pytest.param(
            {"options": Options(partial_ingestion_percent=0)},
            "out-of-range",
            "options.partial_ingestion_percent",
            id="0 percent",
        ),
        pytest.param(
            {"options": Options(partial_ingestion_percent=100.5)},
            "out-of-range",
            "options.partial_ingestion_percent",
            id="more than all",
        ),
        pytest.param(
            {"data": Data(table="t", columns=("Product_Id",))},
            "delta-not-chosen",
            "schedule.load_incremental_by",
            id="delta column not chosen",
        ),
    ],
)
def test_a_broken_rule_is_found_and_named(changes, code, field):
    broken = DRAFT.model_copy(update=changes)

    assert [(one.code, one.field) for one in problems(broken)] == [(code, field)]
    with pytest.raises(IncompleteDefinition) as caught:
        complete(broken)
    assert caught.value.problems == tuple(problems(broken))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(Data(path="/a.csv", file_type="delimited"), [], id="file"),
        pytest.param(Data(path="/a", file_type="json", folder=True), [], id="folder"),
        pytest.param(Data(path="/a.csv"), ["data.file_type"], id="no format"),
        pytest.param(
            Data(path="/a.csv", file_type="delimited", column_delimiter=";;"),
            ["data.column_delimiter"],
            id="long delimiter",
        ),
    ],
)
def test_files(data, expected):
    schedule = Schedule(frequency="day", interval=1, start=datetime(2027, 1, 1, tzinfo=UTC))
    draft = DRAFT.model_copy(update={"account": SALES, "data": data, "schedule": schedule})

    assert [one.field for one in problems(draft)] == expected


def test_a_file_is_not_loaded_by_a_column():
    data = Data(path="/a.csv", file_type="delimited")
    draft = DRAFT.model_copy(update={"account": SALES, "data": data})

    assert [one.code for one in problems(draft)] == ["delta-not-tabular"]


def test_warnings_do_not_block():
    options = Options(error_diagnostics=False, partial_ingestion_percent=5)
    draft = DRAFT.model_copy(update={"options": options})

    assert [one.severity for one in problems(draft)] == ["warning"]
    assert complete(draft).options == options


def test_nearest_ignores_case_and_listed_is_never_endless():
    assert nearest("PAYPAL", ["square", "paypal"]) == ["paypal"]
    assert listed(str(number) for number in range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
