"""PayPal's tables. Catalog_Products has the columns of Adobe's tutorial."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.systems.model import Column, Moment, Table
from flowsite.emulator.systems.words import COUNTRIES, CURRENCIES, person, product

_DATE = "date-time"

#: Every so many transactions have no id, a word for an amount, an impossible date.
NO_ID_EVERY = 41
NO_NUMBER_EVERY = 29
NO_DATE_EVERY = 53


def _product(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    name = product(chance)
    number = f"{moment.index + 1:05d}"
    return {
        "Product_Id": f"PROD-{number}",
        "Product_Name": name,
        "Description": f"{name}, second edition" if chance.random() < 0.8 else None,
        "Type": chance.choice(("PHYSICAL", "DIGITAL", "SERVICE")),
        "Category": chance.choice(("HOME", "OUTDOOR", "OFFICE", "ELECTRONICS")),
        "Image_Url": f"https://shop.example/images/{number}.jpg",
        "Home_Url": f"https://shop.example/products/{number}",
        "Create_Time": iso_z(moment.at_s),
        "Update_Time": iso_z(moment.later(6 * 3600)),
    }


def _plan(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        "Plan_Id": f"P-{moment.index + 1:06d}",
        "Product_Id": f"PROD-{chance.randrange(1, 100):05d}",
        "Name": f"{product(chance)} plan",
        "Status": chance.choice(("ACTIVE", "INACTIVE", "CREATED")),
        "Quantity_Supported": chance.random() < 0.3,
        "Setup_Fee": round(chance.uniform(0, 30), 2),
        "Create_Time": iso_z(moment.at_s),
        "Update_Time": iso_z(moment.later(30 * 86_400)),
    }


def _payment_definition(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        "Definition_Id": f"PD-{moment.index + 1:06d}",
        "Plan_Id": f"P-{moment.index // 2 + 1:06d}",
        "Type": chance.choice(("TRIAL", "REGULAR")),
        "Frequency": chance.choice(("DAY", "WEEK", "MONTH", "YEAR")),
        "Frequency_Interval": chance.choice((1, 1, 1, 3)),
        "Cycles": chance.randrange(0, 13),
        "Amount_Value": round(chance.uniform(1, 200), 2),
        "Amount_Currency": chance.choice(CURRENCIES),
    }


def _transaction(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    first, last, mail = person(chance)
    number = moment.index + 1
    amount: Any = round(chance.uniform(3, 900), 2)
    return {
        "Transaction_Id": None if number % NO_ID_EVERY == 0 else f"TXN{number:08d}",
        "Payer_Id": f"PAYER{chance.randrange(1, 4000):05d}",
        "Payer_Name": f"{first} {last}",
        "Payer_Email": mail,
        "Country_Code": chance.choice(COUNTRIES),
        "Amount": "n/a" if number % NO_NUMBER_EVERY == 0 else amount,
        "Fee": round(float(amount) * 0.029 + 0.3, 2),
        "Currency": chance.choice(CURRENCIES),
        "Status": chance.choice(("S", "S", "S", "P", "V", "D")),
        "Transaction_Time": iso_z(moment.at_s),
        "Settled_Date": (
            "2026-02-31" if number % NO_DATE_EVERY == 0 else iso_z(moment.later(2 * 86_400))[:10]
        ),
        "Update_Time": iso_z(moment.later(2 * 86_400)),
    }


def _dispute(moment: Moment) -> dict[str, Any]:
    """Two rows in five lack what an event needs: a run over them fails."""
    chance = moment.random
    bad = moment.index % 5
    return {
        "Dispute_Id": None if bad == 1 else f"PP-D-{moment.index + 1:05d}",
        "Transaction_Id": f"TXN{chance.randrange(1, 300):08d}",
        "Reason": chance.choice(("NOT_RECEIVED", "NOT_AS_DESCRIBED", "UNAUTHORISED")),
        "Amount": "unknown" if bad == 3 else round(chance.uniform(3, 900), 2),
        "Currency": chance.choice(CURRENCIES),
        "Status": chance.choice(("OPEN", "RESOLVED", "WAITING")),
        "Create_Time": iso_z(moment.at_s),
        "Resolved_On": "soon" if bad == 3 else iso_z(moment.later(9 * 86_400)),
    }


def _currency(moment: Moment) -> dict[str, Any]:
    code = CURRENCIES[moment.index]
    return {"Code": code, "Decimals": 2, "Accepted": code != "GBP"}


TABLES = (
    Table(
        "PayPal.Billing_Plans",
        (
            Column("Plan_Id"),
            Column("Product_Id"),
            Column("Name"),
            Column("Status"),
            Column("Quantity_Supported", "boolean"),
            Column("Setup_Fee", "number"),
            Column("Create_Time", format=_DATE),
            Column("Update_Time", format=_DATE),
        ),
        _plan,
        created="Create_Time",
        backlog=40,
        every_s=1800,
    ),
    Table(
        "PayPal.Billing_Plans_Payment_Definition",
        (
            Column("Definition_Id"),
            Column("Plan_Id"),
            Column("Type"),
            Column("Frequency"),
            Column("Frequency_Interval", "integer"),
            Column("Cycles", "integer"),
            Column("Amount_Value", "number"),
            Column("Amount_Currency"),
        ),
        _payment_definition,
        backlog=80,
        every_s=1800,
    ),
    Table(
        "PayPal.Catalog_Products",
        (
            Column("Product_Id"),
            Column("Product_Name"),
            Column("Description"),
            Column("Type"),
            Column("Category"),
            Column("Image_Url"),
            Column("Home_Url"),
            Column("Create_Time", format=_DATE),
            Column("Update_Time", format=_DATE),
        ),
        _product,
        created="Create_Time",
        backlog=240,
        backlog_s=10 * 86_400,
        every_s=20,
    ),
    Table(
        "PayPal.Currencies",
        (Column("Code"), Column("Decimals", "integer"), Column("Accepted", "boolean")),
        _currency,
        backlog=len(CURRENCIES),
        every_s=None,
    ),
    Table(
        "PayPal.Disputes",
        (
            Column("Dispute_Id"),
            Column("Transaction_Id"),
            Column("Reason"),
            Column("Amount", "number"),
            Column("Currency"),
            Column("Status"),
            Column("Create_Time", format=_DATE),
            Column("Resolved_On", format=_DATE),
        ),
        _dispute,
        created="Create_Time",
        backlog=60,
        every_s=120,
    ),
    Table(
        "PayPal.Transactions",
        (
            Column("Transaction_Id"),
            Column("Payer_Id"),
            Column("Payer_Name"),
            Column("Payer_Email"),
            Column("Country_Code"),
            Column("Amount", "number"),
            Column("Fee", "number"),
            Column("Currency"),
            Column("Status"),
            Column("Transaction_Time", format=_DATE),
            Column("Settled_Date", format="date"),
            Column("Update_Time", format=_DATE),
        ),
        _transaction,
        created="Transaction_Time",
        backlog=2400,
        backlog_s=12 * 86_400,
        every_s=15,
    ),
)
