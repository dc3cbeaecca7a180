"""Words that rows are made of. Everything is invented; mail addresses end in ``.example``."""

from __future__ import annotations

import random

FIRST_NAMES = [
    "Ada",
    "Alma",
    "Anna",
    "Arvid",
    "Astrid",
    "Bela",
    "Björn",
    "Carla",
    "Chen",
    "Dara",
    "Elif",
    "Emil",
    "Erik",
    "Fatima",
    "Freja",
    "Greta",
    "Hana",
    "Hugo",
    "Ines",
    "Ivan",
    "Jonas",
    "José",
    "Karin",
    "Kofi",
    "Lea",
    "Linnea",
    "Mads",
    "Maja",
    "Mei",
    "Nils",
    "Noor",
    "Olga",
    "Omar",
    "Petra",
    "Quinn",
    "Rosa",
    "Sami",
    "Selma",
    "Tuva",
    "Zoë",
]
LAST_NAMES = [
    "Ahmed",
    "Andersson",
    "Bauer",
    "Berg",
    "Costa",
    "Diaz",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jansson",
    "Kaya",
    "Kim",
    "Larsen",
    "Lindqvist",
    "Meyer",
    "Moreau",
    "Nakamura",
    "Novak",
    "Öberg",
    "Okafor",
    "Park",
    "Rossi",
    "Sato",
    "Schmidt",
    "Silva",
    "Svensson",
    "Tran",
    "Weber",
]
COUNTRIES = ("SE", "DE", "FR", "NL", "US", "GB", "DK", "NO", "ES", "JP")
CURRENCIES = ("EUR", "SEK", "USD", "GBP")
CITIES = ("Stockholm", "Berlin", "Lyon", "Utrecht", "Boston", "Leeds", "Aarhus", "Bergen", "Vigo")
ADJECTIVES = ("Quiet", "Bright", "Northern", "Folding", "Woollen", "Compact", "Classic", "Light")
THINGS = ("Lamp", "Kettle", "Backpack", "Notebook", "Jacket", "Speaker", "Chair", "Bicycle", "Mug")


def person(chance: random.Random) -> tuple[str, str, str]:
    """First name, last name, mail address."""
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    plain = f"{first}.{last}".lower().translate(str.maketrans("åäöéëíüñ", "aaoeeiun"))
    return first, last, f"{plain}{chance.randrange(1000)}@mail.example"


def product(chance: random.Random) -> str:
    return f"{chance.choice(ADJECTIVES)} {chance.choice(THINGS)} {chance.randrange(1, 100)}"
