"""Words of column names: abbreviations, and which phrases stand for standard XDM fields.

A flat table of data. Phrases are in the words that :func:`spelled_out` yields.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ABBREVIATIONS: Final[dict[str, str]] = {
    "acct": "account", "addr": "address", "adr": "address", "amt": "amount", "bday": "birth date",
    "birthdate": "birth date", "birthday": "birth date", "bal": "balance", "ccy": "currency",
    "cat": "category", "cd": "code", "cell": "mobile phone", "cellphone": "mobile phone",
    "cnt": "count", "co": "company", "create": "created", "creation": "created",
    "crt": "created", "ctry": "country", "cur": "currency",
    "curr": "currency", "cust": "customer", "custid": "customer id", "datetime": "date time",
    "descr": "description", "desc": "description", "dob": "birth date", "doc": "document",
    "dt": "date", "dttm": "date time", "dtm": "date time", "emailaddress": "email address",
    "eml": "email", "familyname": "last name", "firstname": "first name", "fname": "first name",
    "forename": "first name", "flg": "flag", "fst": "first",
    "frst": "first", "fullname": "full name",
    "givenname": "first name", "id": "id", "identifier": "id", "inv": "invoice", "lang": "language",
    "lastname": "last name", "lat": "latitude", "lname": "last name", "lng": "longitude",
    "lon": "longitude", "lst": "last", "mail": "email", "middlename": "middle name",
    "mid": "middle", "mname": "middle name", "mob": "mobile phone", "mobile": "mobile phone",
    "mod": "modified", "msg": "message", "nbr": "number", "nm": "name", "no": "number",
    "num": "number",
    "ord": "order", "org": "organization", "pc": "postal code", "pct": "percent", "ph": "phone",
    "phonenumber": "phone number", "phn": "phone", "pmt": "payment", "postalcode": "postal code",
    "postcode": "postal code", "prc": "price", "prod": "product", "productid": "product id",
    "prov": "province", "qty": "quantity", "ref": "reference", "sex": "gender", "sts": "status",
    "sname": "last name", "str": "street", "surname": "last name", "tel": "phone",
    "telephone": "phone", "tm": "time", "tot": "total", "trx": "transaction", "ts": "timestamp",
    "txn": "transaction", "typ": "type", "tz": "time zone", "timezone": "time zone",
    "upd": "updated", "update": "updated", "modify": "modified", "usr": "user", "val": "value",
    "yr": "year", "zip": "postal code", "createdate": "created date",
    "createtime": "created time", "updatetime": "updated time", "createddate": "created date",
    "modifieddate": "modified date", "lastmodifieddate": "last modified date",
    "zipcode": "postal code", "ln": "last name", "fn": "first name", "organisation": "organization",
    "createdat": "created at", "updatedat": "updated at", "modifiedat": "modified at",
    "countrycode": "country code", "currencycode": "currency code", "orderid": "order id",
    "customerid": "customer id", "streetaddress": "street address", "mobilephone": "mobile phone",
    "homephone": "home phone", "workphone": "work phone",
}  # fmt: skip
"""What a word of a column name stands for, in words."""

STANDARD_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "personalEmail.address": ("email", "email address", "personal email", "customer email",
        "user email", "contact email", "payer email", "buyer email", "home email",
        "billing details email", "billing email", "receipt email", "email 1"),
    "workEmail.address": ("work email", "business email", "office email", "company email",
        "work email address"),
    "person.name.firstName": ("first name", "given name", "customer first name",
        "contact first name", "name first", "payer first name", "buyer first name"),
    "person.name.lastName": ("last name", "family name", "customer last name",
        "contact last name", "name last", "payer last name", "buyer last name"),
    "person.name.middleName": ("middle name", "name middle"),
    "person.name.fullName": ("full name", "customer name", "contact name", "person name",
        "display name", "billing details name", "cardholder name", "payer name", "buyer name"),
    "person.name.courtesyTitle": ("salutation", "courtesy title", "name prefix"),
    "person.birthDate": ("birth date", "date of birth", "date birth"),
    "person.birthYear": ("birth year", "year of birth"),
    "person.gender": ("gender", "customer gender"),
    "homePhone.number": ("phone", "phone number", "home phone", "home phone number",
        "customer phone", "contact phone", "contact number", "billing details phone"),
    "mobilePhone.number": ("mobile phone", "mobile phone number", "mobile number",
        "mobile phone phone", "cell number"),
    "workPhone.number": ("work phone", "business phone", "office phone", "work phone number"),
    "faxPhone.number": ("fax", "fax number", "fax phone"),
    "homeAddress.street1": ("street", "address", "street address", "address line 1", "address 1",
        "street 1", "address street", "street name", "home address", "mailing street", "line 1",
        "billing details address line 1", "billing street", "address line"),
    "homeAddress.street2": ("address line 2", "address 2", "street 2", "line 2",
        "billing details address line 2"),
    "homeAddress.city": ("city", "town", "locality", "address city", "address locality",
        "home city", "mailing city",
        "billing details address city", "billing city", "customer city",
        "city name"),
    "homeAddress.stateProvince": ("state", "province", "address state", "state province",
        "mailing state", "billing state", "billing details address state", "state code"),
    "homeAddress.state": ("state", "province", "address state", "state province"),
    "homeAddress.postalCode": ("postal code", "address postal code", "mailing postal code",
        "home postal code", "billing postal code", "billing details address postal code"),
    "homeAddress.country": ("country", "address country", "country name", "mailing country",
        "billing country", "customer country", "billing details address country"),
    "homeAddress.countryCode": ("country code", "country iso", "country iso code",
        "address country code", "iso country"),
    "homeAddress._schema.latitude": ("latitude", "geo latitude"),
    "homeAddress._schema.longitude": ("longitude", "geo longitude"),
    "_repo.createDate": ("created", "create date", "create time", "created at", "created on",
        "created date", "creation date", "creation time", "create date time", "date created",
        "created time", "created date time", "inserted at", "record created", "account created"),
    "_repo.modifyDate": ("modified", "updated", "update time", "updated at", "modified at",
        "modified date", "last modified", "last modified date", "updated on", "update date",
        "date modified", "date updated", "last updated", "last update", "modify date",
        "last modified at", "updated date", "updated time", "updated date time",
        "modified date time", "system modstamp"),
    "preferredLanguage": ("language", "preferred language", "locale", "language code"),
    "timeZone": ("time zone",),
    "timestamp": ("timestamp", "event timestamp", "event time", "event date", "occurred at",
        "event date time", "transaction date", "transaction time", "transaction timestamp"),
    "eventType": ("event type", "event name", "event kind"),
    "_id": ("id", "record id", "event id", "row id"),
    "loyalty.points": ("loyalty points", "points", "points balance"),
    "loyalty.loyaltyID": ("loyalty id", "member id", "loyalty number", "membership number"),
    "loyalty.tier": ("loyalty tier", "tier", "membership level"),
    "loyalty.joinDate": ("loyalty join date", "join date", "member since"),
    "commerce.order.purchaseID": ("order id", "order number", "purchase id", "order reference"),
    "commerce.order.purchaseOrderNumber": ("purchase order number", "po number"),
    "commerce.order.priceTotal": ("order total", "total amount", "total price", "order amount",
        "grand total", "amount total", "order value", "total"),
    "commerce.order.currencyCode": ("currency", "currency code", "order currency",
        "transaction currency"),
    "commerce.order.payments.paymentAmount": ("payment amount",),
    "extSourceSystemAudit.createdDate": ("source created date",),
    "personID": ("person id", "customer id", "customer number", "contact id", "user id"),
    "organizationName": ("company", "company name", "organization", "organization name"),
    "extendedWorkDetails.jobTitle": ("job title", "position", "job"),
    "accountName": ("account name",),
}  # fmt: skip
"""Phrases of column names for standard XDM fields; a field further up wins a tie."""

PLACE_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "street1": ("street", "street address", "line 1", "street 1", "address 1", "address line 1"),
    "street2": ("street 2", "line 2", "address 2", "address line 2"),
    "city": ("city", "town", "locality"),
    "stateProvince": ("state", "province", "region", "state code", "state province"),
    "state": ("state", "province", "region"),
    "postalCode": ("postal code",),
    "country": ("country", "country name"),
    "countryCode": ("country code", "country iso"),
}
"""Parts of any XDM address, by what people call them after the address's own word (``billing``)."""

FILLERS: Final = frozenset({"the", "of", "at", "on", "is", "field", "value", "fld", "col"})
"""Words that say nothing when names are compared."""


PLAIN_WORDS: Final = frozenset(
    word for phrases in STANDARD_FIELDS.values() for phrase in phrases for word in phrase.split()
)
"""Words that stand for themselves, though a longer one may begin like them."""


def spelled_out(words: Iterable[str]) -> list[str]:
    """Abbreviations replaced by what they stand for; one word may become several.

    ``e mail`` is one word, and a word that an abbreviation repeats is said once.
    """
    result: list[str] = []
    for word in words:
        if word == "mail" and result[-1:] == ["e"]:
            result.pop()
        for part in ABBREVIATIONS.get(word, word).split():
            if result[-1:] != [part]:
                result.append(part)
    return result
