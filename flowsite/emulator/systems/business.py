"""Tables of a CRM and of an order database; every other tabular source borrows from them."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.systems.model import Column, Moment, Table
from flowsite.emulator.systems.words import CITIES, COUNTRIES, CURRENCIES, person, product

_DATE = "date-time"


def _account(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    _, last, _ = person(chance)
    return {
        "Id": f"001{moment.index + 1:09d}",
        "Name": f"{last} {chance.choice(('AB', 'GmbH', 'Ltd', 'BV', 'SA'))}",
        "Industry": chance.choice(("Retail", "Energy", "Media", "Education", None)),
        "NumberOfEmployees": chance.randrange(1, 5000),
        "AnnualRevenue": round(chance.uniform(1e5, 9e7), 2),
        "BillingCity": chance.choice(CITIES),
        "BillingCountry": chance.choice(COUNTRIES),
        "IsDeleted": False,
        "CreatedDate": iso_z(moment.at_s),
        "LastModifiedDate": iso_z(moment.later(10 * 86_400)),
    }


def _contact(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    first, last, mail = person(chance)
    return {
        "Id": f"003{moment.index + 1:09d}",
        "AccountId": f"001{chance.randrange(1, 150):09d}",
        "FirstName": first,
        "LastName": last,
        "Email": mail if chance.random() < 0.97 else None,
        "Phone": f"+49 30 555 {chance.randrange(10_000):04d}",
        "Birthdate": f"{chance.randrange(1940, 2006)}-{chance.randrange(1, 13):02d}-09",
        "HasOptedOutOfEmail": chance.random() < 0.2,
        "CreatedDate": iso_z(moment.at_s),
        "LastModifiedDate": iso_z(moment.later(10 * 86_400)),
    }


def _order(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        "order_id": moment.index + 1,
        "customer_email": person(chance)[2],
        "status": chance.choice(("new", "paid", "shipped", "returned")),
        "total": round(chance.uniform(5, 700), 2),
        "currency": chance.choice(CURRENCIES),
        "express": chance.random() < 0.2,
        "ordered_at": iso_z(moment.at_s).replace("T", " ").replace("Z", ""),
        "changed_at": iso_z(moment.later(86_400)).replace("T", " ").replace("Z", ""),
    }


def _order_line(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        "line_id": moment.index + 1,
        "order_id": moment.index // 3 + 1,
        "product": product(chance),
        "quantity": chance.randrange(1, 5),
        "unit_price": round(chance.uniform(5, 200), 2),
        "added_at": iso_z(moment.at_s).replace("T", " ").replace("Z", ""),
    }


def _country(moment: Moment) -> dict[str, Any]:
    return {"code": COUNTRIES[moment.index], "vat_percent": 19 + moment.index % 7}


def _accounts(path: str) -> Table:
    return Table(
        path,
        (
            Column("Id"),
            Column("Name"),
            Column("Industry"),
            Column("NumberOfEmployees", "integer"),
            Column("AnnualRevenue", "number"),
            Column("BillingCity"),
            Column("BillingCountry"),
            Column("IsDeleted", "boolean"),
            Column("CreatedDate", format=_DATE),
            Column("LastModifiedDate", format=_DATE),
        ),
        _account,
        created="CreatedDate",
        backlog=150,
        every_s=600,
    )


def _contacts(path: str) -> Table:
    return Table(
        path,
        (
            Column("Id"),
            Column("AccountId"),
            Column("FirstName"),
            Column("LastName"),
            Column("Email"),
            Column("Phone"),
            Column("Birthdate", format="date"),
            Column("HasOptedOutOfEmail", "boolean"),
            Column("CreatedDate", format=_DATE),
            Column("LastModifiedDate", format=_DATE),
        ),
        _contact,
        created="CreatedDate",
        backlog=400,
        every_s=90,
    )


def _orders(path: str) -> Table:
    return Table(
        path,
        (
            Column("order_id", "integer"),
            Column("customer_email"),
            Column("status"),
            Column("total", "number"),
            Column("currency"),
            Column("express", "boolean"),
            Column("ordered_at", format=_DATE),
            Column("changed_at", format=_DATE),
        ),
        _order,
        created="ordered_at",
        backlog=350,
        every_s=30,
    )


_ORDER_LINES = Table(
    "public.order_lines",
    (
        Column("line_id", "integer"),
        Column("order_id", "integer"),
        Column("product"),
        Column("quantity", "integer"),
        Column("unit_price", "number"),
        Column("added_at", format=_DATE),
    ),
    _order_line,
    created="added_at",
    backlog=900,
    every_s=10,
)


def _countries(path: str) -> Table:
    """Without any date: nothing to load incrementally by."""
    return Table(
        path,
        (Column("code"), Column("vat_percent", "integer")),
        _country,
        backlog=len(COUNTRIES),
        every_s=None,
    )


SALESFORCE = (_accounts("Account"), _contacts("Contact"))
POSTGRES = (_countries("public.countries"), _ORDER_LINES, _orders("public.orders"))
COMMON = (
    _accounts("Accounts"),
    _contacts("Contacts"),
    _countries("Countries"),
    _orders("Orders"),
)
