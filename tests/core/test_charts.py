from __future__ import annotations

from xml.etree import ElementTree

import pytest

from flowsite.core.charts import LEAST_HEIGHT, Series, lines, scale, stacked_bars


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        pytest.param(0, [0, 1], id="nothing yet"),
        pytest.param(1, [0, 0.25, 0.5, 0.75, 1], id="a rate"),
        pytest.param(7, [0, 2, 4, 6, 8], id="few runs, whole steps"),
        pytest.param(100, [0, 25, 50, 75, 100], id="a round top"),
        pytest.param(131_000, [0, 50_000, 100_000, 150_000], id="records"),
    ],
)
def test_scale(highest, ticks):
    assert scale(highest) == (ticks[-1], ticks)


def drawn(chart):
    return ElementTree.fromstring(chart.plot)


def bars_of(chart, tone):
    return [
        (rect.get("x"), rect.get("y"), rect.get("height"))
        for rect in drawn(chart).iter("rect")
        if rect.get("class") == f"tone-{tone}"
    ]


def test_bars_stand_on_each_other():
    series = [Series("Ingested", "info", [60, 0]), Series("Failed", "negative", [40, 100])]

    chart = stacked_bars("c", "Records", ["00", "01"], series, height=100)

    assert bars_of(chart, "info") == [("5.00%", "40.0", "60.0")]
    assert bars_of(chart, "negative") == [("5.00%", "0.0", "40.0"), ("55.00%", "0.0", "100.0")]


def test_one_failed_row_in_a_million_is_seen():
    series = [Series("Failed", "negative", [1]), Series("Ingested", "info", [1_000_000])]

    chart = stacked_bars("c", "Records", ["00"], series, height=100)

    assert bars_of(chart, "negative")[0][2] == str(LEAST_HEIGHT)


def test_failed_carries_a_pattern_and_success_does_not():
    series = [Series("Success", "positive", [1]), Series("Failed", "negative", [1])]

    chart = stacked_bars("c", "Runs", ["00"], series)

    fills = [rect.get("fill") for rect in drawn(chart).iter("rect") if rect.get("fill")]
    assert fills == ["url(#c-hatch)"]


def test_the_table_says_what_the_bars_say():
    series = [Series("Ingested", "info", [1200, None]), Series("Failed", "negative", [0, 3])]

    chart = stacked_bars("c", "Records", ["00", "01"], series, names=["0 to 1", "1 to 2"])

    assert chart.rows == [("0 to 1", ["1,200", "0"]), ("1 to 2", ["–", "3"])]
    assert chart.summary == "0 to 1 to 1 to 2. Ingested: 1,200 in all, Failed: 3 in all."


def test_hostile_names_stay_text():
    series = [Series("<b>&", "info", [1])]

    chart = stacked_bars("c", "</title><script>", ["<script>"], series)

    assert "<script>" not in chart.plot
    assert drawn(chart).find("title").text == "</title><script>"


def test_many_labels_are_thinned():
    labels = [str(n) for n in range(100)]

    chart = stacked_bars("c", "Runs", labels, [Series("Runs", "info", [1] * 100)])

    assert len(list(drawn(chart).iter("text"))) == 12


def test_a_line_breaks_where_a_value_is_unknown():
    chart = lines("c", "Duration", list("abcd"), [Series("Copy", "info", [1, 2, None, 3])])

    curves = [line for line in drawn(chart).iter("line") if line.get("class") != "gridline"]
    assert [(line.get("x1"), line.get("x2")) for line in curves] == [("12.50%", "37.50%")]


def test_no_values_at_all():
    chart = stacked_bars("c", "Runs", [], [Series("Runs", "info", [])])

    assert (chart.y_labels, chart.rows) == (["1", "0"], [])
