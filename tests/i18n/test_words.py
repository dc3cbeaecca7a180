"""Sentences that are stored in English, in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from flowsite.core.wording import compact, duration, number, words
from flowsite.definitions.complete import problems
from flowsite.definitions.model import PartialDefinition
from flowsite.saying import say


@pytest.fixture
def swedish():
    with translation.override("sv"):
        yield


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        pytest.param("Choose a dataset.", "Välj en datauppsättning.", id="a whole sentence"),
        pytest.param(
            "Create dataset “Orders to ship”",
            "Skapa datauppsättningen “Orders to ship”",
            id="a value is kept",
        ),
        pytest.param(
            "This is a REST source: give a resource, not a table.",
            "Detta är en REST-källa: ange en resurs, inte table.",
            id="a phrase inside is translated",
        ),
        pytest.param(
            "“name” is not among the chosen columns. Candidates: a, b.",
            "”name” finns inte bland de valda kolumnerna. Kandidater: a, b.",
            id="the pattern that says most wins",
        ),
        pytest.param(
            "“and” is a reserved word; write the column as ${and}.",
            "”and” är ett reserverat ord; skriv kolumnen som ${and}.",
            id="braces",
        ),
        pytest.param(
            "The ETag doesn't belong to it.", "The ETag doesn't belong to it.", id="AEP's words"
        ),
        pytest.param("from one to another", "from one to another", id="not a pattern of ours"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_words_in_swedish(swedish, english, expected):
    assert words(english) == expected


def test_words_in_english_stay():
    assert words("Choose a dataset.") == "Choose a dataset."


def test_every_problem_of_an_empty_definition_is_translated(swedish):
    found = problems(PartialDefinition())

    assert found
    assert [one.message for one in found if words(one.message) == one.message] == []


def test_saying_keeps_braces_of_a_sentence_without_values():
    assert say("A name in ${…} does not end.") == "A name in ${…} does not end."


def test_numbers_in_swedish(swedish):
    assert number(1204118) == "1\xa0204\xa0118"
    assert number(3.25) == "3,25"
    assert duration(1.25) == "1,2 s"
    assert compact(1_250_000) == "1,2M"
