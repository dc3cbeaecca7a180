"""What the service modules share: a session, a base path, and how creates are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowsite.aep.errors import MalformedAnswer
from flowsite.aep.reading import Created, as_int, as_text, first
from flowsite.aep.session import Answer, Params, Session, location_id


class Service:
    """One of AEP's services at its base path."""

    base = ""
    name = ""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _get(
        self,
        path: str,
        operation: str,
        params: Params = (),
        *,
        accept: str | None = None,
        timeout_s: float | None = None,
    ) -> Any:
        """The JSON of a read."""
        answer = self._session.request(
            "GET",
            self.base + path,
            params=params,
            headers={"Accept": accept} if accept else None,
            timeout_s=timeout_s,
            operation=f"{self.name}.{operation}",
        )
        return answer.json()

    def _ask(
        self, path: str, operation: str, body: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> Any:
        """The JSON of a POST that changes nothing and may be sent again."""
        answer = self._session.request(
            "POST",
            self.base + path,
            json=body,
            operation=f"{self.name}.{operation}",
            reads=True,
            timeout_s=timeout_s,
        )
        return answer.json()

    def _send(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        body: Any = None,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A call that changes something, with the time limit of creates."""
        return self._session.request(
            method,
            self.base + path,
            params=params,
            json=body,
            headers=headers,
            operation=f"{self.name}.{operation}",
            timeout_s=self._session.config.create_timeout_s,
        )


def json_patch(changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """JSON Patch as AEP's documentation has it: an array, ``op`` in lower case."""
    return [{**change, "op": str(change.get("op", "")).lower()} for change in changes]


def created(answer: Answer, *id_names: str) -> Created:
    """The id of what was created, wherever AEP put it.

    Reads ``{id, etag}``, ``{items: [{…}]}``, ``[{…}]``, ``["@/dataSets/<id>"]``, or only the
    ``Location`` header. Raises MalformedAnswer, whose ``outcome_known`` is False: the
    object probably exists.
    """
    raw = _created_object(answer)
    found = as_text(first(raw, *(id_names or ("id",)), "id", "@id"))
    if reference := as_text(raw.get("reference")):
        found = reference.rstrip("/").rsplit("/", 1)[-1]
    found = found or location_id(answer)
    if not found:
        raise MalformedAnswer(
            "no id in the answer", status=answer.status, operation=answer.operation
        )
    version = first(raw, "version")
    # A schema's version "1.2" is no number, a mapping set's "0" is.
    number = as_int(version) if as_text(version).isdigit() else None
    return Created(
        id=found,
        alt_id=as_text(raw.get("meta:altId")),
        etag=as_text(first(raw, "etag", "eTag", "Etag") or answer.headers.get("etag")),
        version=number if number is not None else as_text(version) or None,
        raw=raw,
    )


def _created_object(answer: Answer) -> dict[str, Any]:
    try:
        body = answer.json()
    except MalformedAnswer:
        if not location_id(answer):
            raise
        body = None
    if isinstance(body, Mapping) and "items" in body and "id" not in body:
        body = body["items"]
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, str) and "/" in body:
        return {"reference": body}
    return dict(body) if isinstance(body, Mapping) else {}
