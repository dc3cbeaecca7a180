"""Square's tables."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.systems.model import Column, Moment, Table
from flowsite.emulator.systems.words import CITIES, COUNTRIES, CURRENCIES, person, product

_DATE = "date-time"


def _payment(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    cents = chance.randrange(200, 60_000)
    return {
        "id": f"sqp_{moment.index + 1:08d}",
        "order_id": f"sqo_{moment.index // 2 + 1:08d}",
        "customer_id": f"sqc_{chance.randrange(1, 300):06d}",
        "location_id": f"L{chance.randrange(1, 9):02d}",
        "amount_money_amount": cents,
        "amount_money_currency": chance.choice(CURRENCIES),
        "status": chance.choice(("COMPLETED", "COMPLETED", "APPROVED", "FAILED")),
        "source_type": chance.choice(("CARD", "CASH", "WALLET")),
        "card_brand": chance.choice(("VISA", "MASTERCARD", "AMERICAN_EXPRESS", None)),
        "receipt_number": f"{chance.randrange(16**6):06X}",
        "created_at": iso_z(moment.at_s),
        "updated_at": iso_z(moment.later(3600)),
    }


def _customer(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    first, last, mail = person(chance)
    return {
        "id": f"sqc_{moment.index + 1:06d}",
        "given_name": first,
        "family_name": last,
        "email_address": mail,
        "phone_number": f"+46 8 555 {chance.randrange(10_000):04d}",
        "address_locality": chance.choice(CITIES),
        "address_country": chance.choice(COUNTRIES),
        "birthday": f"{chance.randrange(1940, 2006)}-{chance.randrange(1, 13):02d}-14",
        "version": chance.randrange(0, 9),
        "created_at": iso_z(moment.at_s),
        "updated_at": iso_z(moment.later(20 * 86_400)),
    }


def _order(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        "id": f"sqo_{moment.index + 1:08d}",
        "customer_id": f"sqc_{chance.randrange(1, 300):06d}",
        "location_id": f"L{chance.randrange(1, 9):02d}",
        "state": chance.choice(("COMPLETED", "OPEN", "CANCELED")),
        "first_item": product(chance),
        "item_count": chance.randrange(1, 7),
        "total_money_amount": chance.randrange(200, 90_000),
        "total_tax_amount": chance.randrange(0, 9_000),
        "currency": chance.choice(CURRENCIES),
        "is_gift": chance.random() < 0.1,
        "created_at": iso_z(moment.at_s),
        "closed_at": iso_z(moment.later(86_400)),
    }


TABLES = (
    Table(
        "customers",
        (
            Column("id"),
            Column("given_name"),
            Column("family_name"),
            Column("email_address"),
            Column("phone_number"),
            Column("address_locality"),
            Column("address_country"),
            Column("birthday", format="date"),
            Column("version", "integer"),
            Column("created_at", format=_DATE),
            Column("updated_at", format=_DATE),
        ),
        _customer,
        created="created_at",
        backlog=300,
        every_s=120,
    ),
    Table(
        "orders",
        (
            Column("id"),
            Column("customer_id"),
            Column("location_id"),
            Column("state"),
            Column("first_item"),
            Column("item_count", "integer"),
            Column("total_money_amount", "integer"),
            Column("total_tax_amount", "integer"),
            Column("currency"),
            Column("is_gift", "boolean"),
            Column("created_at", format=_DATE),
            Column("closed_at", format=_DATE),
        ),
        _order,
        created="created_at",
        backlog=250,
        every_s=20,
    ),
    Table(
        "payments",
        (
            Column("id"),
            Column("order_id"),
            Column("customer_id"),
            Column("location_id"),
            Column("amount_money_amount", "integer"),
            Column("amount_money_currency"),
            Column("status"),
            Column("source_type"),
            Column("card_brand"),
            Column("receipt_number"),
            Column("created_at", format=_DATE),
            Column("updated_at", format=_DATE),
        ),
        _payment,
        created="created_at",
        backlog=500,
        backlog_s=30 * 86_400,
        every_s=10,
    ),
)
