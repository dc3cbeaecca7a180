"""Going back to where a form was sent from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def go_back(
    request: HttpRequest, address: str, otherwise: str, *args: object
) -> HttpResponseRedirect:
    """To an address that the browser sent, if it is one of ours; else to a page by its name.

    ``django.shortcuts.redirect`` would take a bare word for the name of a page, and fail.
    """
    whole = address.startswith(("/", "http://", "https://"))
    ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(address if whole and ours else resolve_url(otherwise, *args))
