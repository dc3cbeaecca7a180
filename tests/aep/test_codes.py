from __future__ import annotations

import pytest

from flowsite.aep.codes import UNKNOWN, explain, find_code, number_of, prefix_of

#: API contract, sections 7.10, 8.3, 4.7 and 1.6: every code that it names.
NUMBERS = [
    *(1100, 1102, 1103, 1104, 1304, 1306, 1307, 1308, 1331, 1332, 1334, 1336, 1337, 1358),
    *(1320, 1321, *range(1323, 1331), *range(1349, 1358), *range(1360, 1367), 1367, 1369, 1370),
    *(1380, 1381, 1382, 1383, 1384, 1385, 1386, 1387, 1388, 1397, 1401, 1403, 1404, 1405, 1410),
    *(1412, 1413, 1414, 1415, 1416, 1418, 1419, 1420, 1421, 1422, 1424, 1425, 1427, 1430, 1432),
    *(1433, 1434, 1439, 1440, 1443, 1444, 1445, 1447, *range(1448, 1455), 1456, 1457, 1458),
    *(2000, 2001, 2002, 2100, 2101, 2105, 2110, 2111, 2114, 2115, 2118, 2119, 2120, 2121),
    *(2200, 2250),
]
OTHERS = [
    *("CONNECTOR-1001-500", "CONNECTOR-2001-500", "CONNECTOR-3001-500", "INGEST-1211-400"),
    *("INGEST-1212-400", "INGEST-1401-400", "INGEST-1555-400", "MAPPER-3700-400", "133"),
    *("XDM-1010-404", "XDM-1017-404", "XDM-1006-400", "XDM-1009-400", "XDM-1020-400"),
    *("XDM-1024-400", "XDM-1521-400", "403010", "401013", "403000", "403003", "400003"),
    *("403025", "403027", "429050", "invalid_client"),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_is_explained(number):
    found = explain(f"FLOW-{number}-400")

    assert found != UNKNOWN
    assert found.cause.endswith(".")
    assert found.remedy.endswith(".")


@pytest.mark.parametrize("code", OTHERS)
def test_every_other_code_is_explained(code):
    assert explain(code) != UNKNOWN


@pytest.mark.parametrize(
    ("code", "same_as"),
    [
        ("1439-404", "FLOW-1439-404"),
        ("flow-1439-500", "FLOW-1439-404"),
        ("1439", "FLOW-1439-404"),
        ("CONNECTOR-1439-404", "FLOW-1439-404"),
        ("FLOW-1308-500", "CONNECTOR-1308-400"),
    ],
)
def test_the_status_behind_the_number_does_not_matter(code, same_as):
    assert explain(code) == explain(same_as)


def test_numbers_mean_different_things_in_the_two_tables():
    assert "changed by somebody else" in explain("FLOW-1404-412").cause
    assert "Backfill" in explain("CONNECTOR-1404-400").cause
    assert "corrupt" in explain("INGEST-1401-400").cause
    assert "count" in explain("FLOW-1401-400").cause


@pytest.mark.parametrize(
    ("code", "status", "turn"),
    [
        ("CONNECTOR-9999-500", None, "provider"),
        ("MAPPER-1-400", None, "ops"),
        ("MAPPER-9999", None, "analyst"),
        (None, 429, "wait"),
        (None, 401, "admin"),
        ("FLOW-9999-403", 403, "admin"),
        (None, 599, "wait"),
        (None, 451, "analyst"),
        ("", None, "ops"),
        ("nonsense", None, "ops"),
    ],
)
def test_fallbacks(code, status, turn):
    assert explain(code, status).whose_turn == turn


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("see FLOW-1404-412 for more", "FLOW-1404-412"),
        ("ingest-1212-400", "INGEST-1212-400"),
        ("ISO-8859-1 and UTF-8", None),
        ("", None),
    ],
)
def test_find_code(text, code):
    assert find_code(text) == code


def test_parts_of_a_code():
    assert (prefix_of("CONNECTOR-1308-500"), number_of("CONNECTOR-1308-500")) == ("CONNECTOR", 1308)
    assert (prefix_of("1308"), number_of("1308")) == ("", 1308)
    assert (prefix_of(None), number_of(None)) == ("", None)
