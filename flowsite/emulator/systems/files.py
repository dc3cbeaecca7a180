"""Files in cloud storage: exports that arrive one after the other."""

from __future__ import annotations

from dataclasses import replace

from flowsite.emulator.clock import as_datetime
from flowsite.emulator.systems import business, stripe
from flowsite.emulator.systems.model import SourceFile

_ORDERS = replace(business.POSTGRES[2], path="orders_export", backlog=350, every_s=30)
_CONTACTS = replace(business.SALESFORCE[1], path="contacts_export", every_s=None)
_CHARGES = replace(stripe.TABLES[0], path="charges_export", every_s=None)
ROWS_PER_FILE = 50

#: Lines that are no CSV of this file: too many fields, and a quote that never ends.
_BROKEN_LINES = ("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", '"never closed')


def files(seeded_at_s: float, now_s: float) -> list[SourceFile]:
    """Every file there is at ``now_s``: a new one of orders each time fifty are together."""
    day = 86_400
    found = [
        SourceFile("/exports/contacts.csv", "delimited", seeded_at_s - 3 * day, _CONTACTS, 0, 200),
        SourceFile("/exports/charges.json", "json", seeded_at_s - 2 * day, _CHARGES, 0, 100),
        SourceFile(
            "/exports/broken.csv", "delimited", seeded_at_s - day, _CONTACTS, 200, 40, _BROKEN_LINES
        ),
    ]
    whole = _ORDERS.size(seeded_at_s, now_s) // ROWS_PER_FILE
    for number in range(whole):
        last = (number + 1) * ROWS_PER_FILE - 1
        written_at_s = _ORDERS.created_at_s(last, seeded_at_s)
        stamp = as_datetime(written_at_s).strftime("%Y%m%d-%H%M%S")
        found.append(
            SourceFile(
                f"/exports/orders/orders-{stamp}-{number + 1:05d}.csv",
                "delimited",
                written_at_s,
                _ORDERS,
                number * ROWS_PER_FILE,
                ROWS_PER_FILE,
            )
        )
    return found
