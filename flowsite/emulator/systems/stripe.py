"""Stripe's resources: nested JSON, every record under ``data``."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.systems.model import Column, Moment, Table
from flowsite.emulator.systems.words import CITIES, COUNTRIES, CURRENCIES, person, product

_DATE = "date-time"


def _base(moment: Moment, prefix: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"{prefix}_{moment.index + 1:010d}",
        "object": kind,
        "created": iso_z(moment.at_s),
        "livemode": True,
    }


def _charge(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    first, last, mail = person(chance)
    amount = chance.randrange(100, 90_000)
    return {
        **_base(moment, "ch", "charge"),
        "amount": amount,
        "amount_refunded": amount if chance.random() < 0.05 else 0,
        "currency": chance.choice(CURRENCIES).lower(),
        "customer": f"cus_{chance.randrange(1, 400):010d}",
        "description": product(chance),
        "paid": chance.random() < 0.95,
        "status": chance.choice(("succeeded", "succeeded", "pending", "failed")),
        "receipt_email": mail,
        "billing_details": {
            "name": f"{first} {last}",
            "email": mail,
            "phone": None,
            "address": {
                "city": chance.choice(CITIES),
                "country": chance.choice(COUNTRIES),
                "postal_code": f"{chance.randrange(10_000, 99_999)}",
            },
        },
        "payment_method_details": {
            "type": "card",
            "card": {"brand": chance.choice(("visa", "mastercard")), "last4": "4242"},
        },
        "tags": chance.sample(("web", "store", "gift", "b2b"), 2),
        "metadata": {},
    }


def _subscription(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        **_base(moment, "sub", "subscription"),
        "customer": f"cus_{chance.randrange(1, 400):010d}",
        "status": chance.choice(("active", "active", "trialing", "past_due", "canceled")),
        "current_period_start": iso_z(moment.at_s),
        "current_period_end": iso_z(moment.at_s + 30 * 86_400),
        "cancel_at_period_end": chance.random() < 0.1,
        "plan": {
            "id": f"price_{chance.randrange(1, 40):010d}",
            "amount": chance.choice((900, 1900, 4900)),
            "interval": chance.choice(("month", "year")),
        },
    }


def _refund(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        **_base(moment, "re", "refund"),
        "amount": chance.randrange(100, 30_000),
        "charge": f"ch_{chance.randrange(1, 400):010d}",
        "currency": chance.choice(CURRENCIES).lower(),
        "reason": chance.choice(("duplicate", "fraudulent", "requested_by_customer")),
        "status": chance.choice(("succeeded", "pending")),
    }


def _balance(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    amount = chance.randrange(100, 90_000)
    return {
        **_base(moment, "txn", "balance_transaction"),
        "amount": amount,
        "fee": amount // 30,
        "net": amount - amount // 30,
        "currency": chance.choice(CURRENCIES).lower(),
        "type": chance.choice(("charge", "refund", "payout")),
        "source": f"ch_{chance.randrange(1, 400):010d}",
        "available_on": iso_z(moment.at_s + 7 * 86_400),
    }


def _customer(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    first, last, mail = person(chance)
    return {
        **_base(moment, "cus", "customer"),
        "name": f"{first} {last}",
        "email": mail,
        "balance": chance.randrange(-500, 500),
        "delinquent": chance.random() < 0.04,
        "address": {"city": chance.choice(CITIES), "country": chance.choice(COUNTRIES)},
    }


def _price(moment: Moment) -> dict[str, Any]:
    chance = moment.random
    return {
        **_base(moment, "price", "price"),
        "active": chance.random() < 0.9,
        "nickname": product(chance),
        "unit_amount": chance.choice((900, 1900, 4900, 9900)),
        "currency": chance.choice(CURRENCIES).lower(),
        "recurring": {"interval": chance.choice(("month", "year")), "interval_count": 1},
    }


_HEAD = (
    Column("id"),
    Column("object"),
    Column("created", format=_DATE),
    Column("livemode", "boolean"),
)


def _resource(name: str, make: Any, *columns: Column, every_s: float = 60) -> Table:
    return Table(name, (*_HEAD, *columns), make, created="created", backlog=200, every_s=every_s)


TABLES = (
    _resource(
        "charges",
        _charge,
        Column("amount", "integer"),
        Column("amount_refunded", "integer"),
        Column("currency"),
        Column("customer"),
        Column("description"),
        Column("paid", "boolean"),
        Column("status"),
        Column("receipt_email"),
        Column("billing_details.name"),
        Column("billing_details.email"),
        Column("billing_details.phone", "unknown"),
        Column("billing_details.address.city"),
        Column("billing_details.address.country"),
        Column("billing_details.address.postal_code"),
        Column("payment_method_details.type"),
        Column("payment_method_details.card.brand"),
        Column("payment_method_details.card.last4"),
        Column("tags", "string[]"),
        Column("metadata", "unknown"),
        every_s=15,
    ),
    _resource(
        "subscriptions",
        _subscription,
        Column("customer"),
        Column("status"),
        Column("current_period_start", format=_DATE),
        Column("current_period_end", format=_DATE),
        Column("cancel_at_period_end", "boolean"),
        Column("plan.id"),
        Column("plan.amount", "integer"),
        Column("plan.interval"),
    ),
    _resource(
        "refunds",
        _refund,
        Column("amount", "integer"),
        Column("charge"),
        Column("currency"),
        Column("reason"),
        Column("status"),
    ),
    _resource(
        "balance_transactions",
        _balance,
        Column("amount", "integer"),
        Column("fee", "integer"),
        Column("net", "integer"),
        Column("currency"),
        Column("type"),
        Column("source"),
        Column("available_on", format=_DATE),
    ),
    _resource(
        "customers",
        _customer,
        Column("name"),
        Column("email"),
        Column("balance", "integer"),
        Column("delinquent", "boolean"),
        Column("address.city"),
        Column("address.country"),
    ),
    _resource(
        "prices",
        _price,
        Column("active", "boolean"),
        Column("nickname"),
        Column("unit_amount", "integer"),
        Column("currency"),
        Column("recurring.interval"),
        Column("recurring.interval_count", "integer"),
    ),
)
