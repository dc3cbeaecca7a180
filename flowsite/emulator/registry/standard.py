"""Adobe's own resources: two classes and the field groups that people use most.

A field is written as a type word; a dictionary nests, ``[...]`` is an array. The words say
what JSON Schema and ``meta:xdmType`` come out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

PROFILE = "https://ns.adobe.com/xdm/context/profile"
EXPERIENCE_EVENT = "https://ns.adobe.com/xdm/context/experienceevent"

_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "meta:xdmType": "string"},
    "date-time": {"type": "string", "format": "date-time", "meta:xdmType": "date-time"},
    "date": {"type": "string", "format": "date", "meta:xdmType": "date"},
    "email": {"type": "string", "format": "email", "meta:xdmType": "string"},
    "uri": {"type": "string", "format": "uri", "meta:xdmType": "string"},
    "integer": {"type": "integer", "meta:xdmType": "int"},
    "number": {"type": "number", "meta:xdmType": "number"},
    "boolean": {"type": "boolean", "meta:xdmType": "boolean"},
}
_IDENTITY_MAP = {
    "title": "IdentityMap",
    "type": "object",
    "meta:xdmType": "map",
    "additionalProperties": {
        "type": "array",
        "meta:xdmType": "array",
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "title": "Identifier"},
                "primary": {"type": "boolean", "title": "Primary"},
            },
        },
    },
}
_ADDRESS = {
    "street1": "string",
    "street2": "string",
    "city": "string",
    "stateProvince": "string",
    "postalCode": "string",
    "country": "string",
    "countryCode": "string",
    "primary": "boolean",
    "_schema": {"latitude": "number", "longitude": "number"},
}
_EMAIL = {"address": "email", "primary": "boolean", "label": "string", "status": "string"}
_PHONE = {"number": "string", "extension": "string", "primary": "boolean", "status": "string"}
_MEASURE = {"value": "number", "id": "string"}

_CLASSES: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    PROFILE: (
        "XDM Individual Profile",
        "https://ns.adobe.com/xdm/data/record",
        {
            "_id": "string",
            "_repo": {"createDate": "date-time", "modifyDate": "date-time"},
            "createdByBatchID": "uri",
            "modifiedByBatchID": "uri",
            "personID": "string",
            "repositoryCreatedBy": "string",
            "repositoryLastModifiedBy": "string",
        },
        (),
    ),
    EXPERIENCE_EVENT: (
        "XDM ExperienceEvent",
        "https://ns.adobe.com/xdm/data/time-series",
        {
            "_id": "string",
            "timestamp": "date-time",
            "eventType": "string",
            "eventMergeId": "string",
            "producedBy": "string",
        },
        ("_id", "timestamp"),
    ),
}
_FIELD_GROUPS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "profile-person-details": (
        "Demographic Details",
        (PROFILE,),
        {
            "person": {
                "name": {
                    "firstName": "string",
                    "middleName": "string",
                    "lastName": "string",
                    "fullName": "string",
                    "courtesyTitle": "string",
                    "suffix": "string",
                },
                "birthDate": "date",
                "birthDayAndMonth": "string",
                "birthYear": "integer",
                "gender": "string",
                "maritalStatus": "string",
                "nationality": "string",
                "taxId": "string",
            }
        },
    ),
    "profile-personal-details": (
        "Personal Contact Details",
        (PROFILE,),
        {
            "personalEmail": _EMAIL,
            "homeAddress": _ADDRESS,
            "billingAddress": _ADDRESS,
            "shippingAddress": _ADDRESS,
            "homePhone": _PHONE,
            "mobilePhone": _PHONE,
            "faxPhone": _PHONE,
        },
    ),
    "profile-work-details": (
        "Work Contact Details",
        (PROFILE,),
        {
            "workEmail": _EMAIL,
            "workAddress": _ADDRESS,
            "workPhone": _PHONE,
            "organizations": ["string"],
        },
    ),
    "identitymap": ("IdentityMap", (PROFILE, EXPERIENCE_EVENT), {"identityMap": _IDENTITY_MAP}),
    "experienceevent-commerce": (
        "Commerce Details",
        (EXPERIENCE_EVENT,),
        {
            "commerce": {
                "order": {
                    "purchaseID": "string",
                    "purchaseOrderNumber": "string",
                    "orderType": "string",
                    "priceTotal": "number",
                    "currencyCode": "string",
                    "createdDate": "date-time",
                    "payments": [
                        {
                            "paymentTransactionID": "string",
                            "paymentType": "string",
                            "paymentAmount": "number",
                            "currencyCode": "string",
                        }
                    ],
                },
                "purchases": _MEASURE,
                "checkouts": _MEASURE,
                "productViews": _MEASURE,
            },
            "productListItems": [
                {
                    "SKU": "string",
                    "name": "string",
                    "quantity": "integer",
                    "priceTotal": "number",
                    "currencyCode": "string",
                }
            ],
        },
    ),
    "experienceevent-web": (
        "Web Details",
        (EXPERIENCE_EVENT,),
        {
            "web": {
                "webPageDetails": {
                    "URL": "uri",
                    "name": "string",
                    "siteSection": "string",
                    "isHomePage": "boolean",
                    "pageViews": _MEASURE,
                },
                "webReferrer": {"URL": "uri", "type": "string"},
            }
        },
    ),
}


def words(name: str) -> str:
    """``firstName`` as ``First name``."""
    text = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name.strip("_"))
    return text[:1].upper() + text[1:]


def properties(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: {"title": words(name), **_property(form)} for name, form in fields.items()}


def _property(form: Any) -> dict[str, Any]:
    if isinstance(form, str):
        return _TYPES[form]
    if isinstance(form, list):
        return {"type": "array", "meta:xdmType": "array", "items": _property(form[0])}
    if isinstance(form.get("type"), str) and "meta:xdmType" in form:
        return dict(form)
    return {"type": "object", "meta:xdmType": "object", "properties": properties(form)}


def _resource(resource_id: str, kind: str, title: str, **more: Any) -> dict[str, Any]:
    alt = "_xdm." + resource_id.removeprefix("https://ns.adobe.com/xdm/").replace("/", ".")
    return {
        "$id": resource_id,
        "meta:altId": alt,
        "meta:resourceType": kind,
        "version": "1.0",
        "title": title,
        "type": "object",
        "description": f"{title}, a standard resource.",
        "meta:containerId": "global",
        "meta:tenantNamespace": "_xdm",
        "meta:xdmType": "object",
        "meta:extensible": True,
        "meta:abstract": True,
        "meta:registryMetadata": {"repo:createdDate": 0, "repo:lastModifiedDate": 0},
        **more,
    }


@lru_cache(maxsize=1)
def resources() -> dict[str, dict[str, Any]]:
    """Every global resource by ``$id``."""
    found = {}
    for class_id, (title, behaviour, fields, required) in _CLASSES.items():
        found[class_id] = _resource(
            class_id,
            "classes",
            title,
            properties=properties(fields),
            required=list(required),
            **{"meta:extends": [behaviour]},
        )
    for name, (title, classes, fields) in _FIELD_GROUPS.items():
        group_id = f"https://ns.adobe.com/xdm/context/{name}"
        found[group_id] = _resource(
            group_id,
            "fieldgroups",
            title,
            properties=properties(fields),
            **{"meta:intendedToExtend": list(classes)},
        )
    address = "https://ns.adobe.com/xdm/common/address"
    found[address] = _resource(
        address, "datatypes", "Postal address", properties=properties(_ADDRESS)
    )
    return found
