"""Sentences for people from the rooms that know no Django.

A sentence is said and stored in English. Where it is shown, ``core.wording.words`` recognises its
pattern in the catalogue and says it in the reader's language (decision 9). So a pattern is a whole
sentence, written out in the call, and its values have names; the name of a value that is itself a
phrase of ours ends in ``_words``.
"""

from __future__ import annotations


def say(pattern: str, /, **values: object) -> str:
    """``say("There is no table “{table}”.", table=name)``."""
    return pattern.format(**values) if values else pattern
