"""Accept rules of the Schema Registry (API contract, section 4.2)."""

from __future__ import annotations

import re

from flowsite.emulator.errors import registry_error
from flowsite.emulator.web import Request

_MEDIA = re.compile(r"application/vnd\.adobe\.(xed|xdm)([\w-]*)\+json")
LIST_FORMS = ("xed-id", "xed")
LOOKUP_FORMS = (
    "xed",
    "xed-full",
    "xed-notext",
    "xed-full-notext",
    "xed-full-desc",
    "xed-deprecatefield",
)
DESCRIPTOR_FORMS = ("xdm-id", "xdm-link", "xdm", "xdm-v2")


def _read(request: Request) -> tuple[str, str | None]:
    """The form and the version asked for."""
    sent = request.header("accept")
    if not sent:
        raise registry_error(1006, "Accept missing", "The header Accept is missing.")
    media, _, parameters = sent.partition(";")
    match = _MEDIA.fullmatch(media.strip())
    if match is None:
        raise registry_error(1007, "Accept not supported", f"Not supported: {sent[:200]}")
    version = None
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "version":
            version = value.strip()
    return match.group(1) + match.group(2), version


def list_form(request: Request) -> str:
    form, version = _read(request)
    if form not in LIST_FORMS:
        raise registry_error(1007, "Accept not supported", f"A list can't be had as {form}.")
    if version is not None:
        raise registry_error(1009, "Accept not supported", "A list takes no version.")
    return form


def lookup_form(request: Request) -> str:
    form, version = _read(request)
    if form not in LOOKUP_FORMS:
        raise registry_error(1007, "Accept not supported", f"A look-up can't be had as {form}.")
    if version is None:
        raise registry_error(1008, "Version missing", "Accept must carry version=1.")
    if version.partition(".")[0] != "1":
        raise registry_error(1009, "Version not supported", "Only major version 1 exists.")
    return form


def descriptor_form(request: Request) -> str:
    form, _ = _read(request)
    if form not in DESCRIPTOR_FORMS:
        raise registry_error(1007, "Accept not supported", f"Descriptors can't be had as {form}.")
    return form
