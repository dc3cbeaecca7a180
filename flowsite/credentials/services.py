"""Saving and testing Adobe credentials, and keeping their sandboxes known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from flowsite.aep.auth import Token
from flowsite.aep.errors import AepError, Forbidden
from flowsite.aep.platform import Platform
from flowsite.aep.sandboxes import SandboxInfo
from flowsite.core.encrypted import EncryptedTextField, Undecryptable, decrypt, encrypt, rotate
from flowsite.core.wording import words
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import (
    Credential,
    Organisation,
    Sandbox,
    SandboxAccess,
)
from flowsite.credentials.tokens import renew_at
from flowsite.credentials.trial import SignIn, Trial, try_sign_in
from flowsite.outbound.addresses import AddressRefused, check_url
from flowsite.people.models import Team

#: How many sandboxes a test looks into for missing permissions.
PROBED_SANDBOXES = 10


class CredentialProblem(Exception):
    """Says what is wrong with a credential's values, in a sentence."""


class SecretNeeded(CredentialProblem):
    """The stored secret must not go with the new values: it has to be typed again."""


@dataclass(frozen=True)
class CredentialTest:
    """What a test showed.

    ``missing`` maps a sandbox's name to the permissions the technical account lacks there.
    """

    ok: bool
    sandboxes: list[Sandbox] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    error: AepError | None = None


def save_credential(
    *,
    team: Team,
    name: str,
    org_id: str,
    client_id: str,
    client_secret: str,
    scopes: str,
    ims_url: str,
    platform_url: str,
    expires_on: date | None = None,
    credential: Credential | None = None,
) -> Credential:
    """Adds a credential, or changes the given one; an empty secret keeps the stored one.

    Doesn't ask Adobe (``change_credential`` does). Forgets the token, since it may belong to
    another client or secret. Raises CredentialProblem for an address that the server may not call,
    or a name that is taken in the team.
    """
    _check_addresses(ims_url, platform_url)
    if not client_secret and credential is None:
        raise CredentialProblem(gettext("A new credential needs its client secret."))
    row = credential or Credential(team=team)
    _check_name(team, name, row)
    organisation, _ = Organisation.objects.get_or_create(org_id=org_id)
    moved = credential is not None and credential.organisation_id != organisation.pk
    row.organisation = organisation
    row.name, row.client_id, row.scopes = name, client_id, scopes
    row.ims_url, row.platform_url = ims_url.rstrip("/"), platform_url.rstrip("/")
    row.expires_on = expires_on
    if client_secret:
        row.client_secret, row.secret_set_at = encrypt(client_secret), timezone.now()
    row.token, row.token_expires_at, row.token_renew_at = "", None, None
    with transaction.atomic():
        row.save()
        if moved:
            SandboxAccess.objects.filter(credential=row).delete()
    return row


def _check_addresses(ims_url: str, platform_url: str) -> None:
    for label, url in (("IMS URL", ims_url), ("Platform URL", platform_url)):
        try:
            check_url(url, allowed_hosts=settings.INTERNAL_HOSTS)
        except AddressRefused as error:
            raise CredentialProblem(f"{label}: {words(error)}") from error


def _check_name(team: Team, name: str, row: Credential) -> None:
    if Credential.objects.filter(team=team, name=name).exclude(pk=row.pk).exists():
        raise CredentialProblem(
            gettext("The team already has a credential named “{name}”.").format(name=name)
        )


def change_credential(
    credential: Credential,
    *,
    name: str,
    org_id: str,
    client_id: str,
    client_secret: str,
    scopes: str,
    ims_url: str,
    platform_url: str,
    expires_on: date | None = None,
) -> Credential:
    """Changes a credential once Adobe has taken the new values; until then the old ones stay.

    Whoever changes where the secret is sent must type it again: else the form would hand a stored
    secret to any server that an admin names. Raises SecretNeeded, CredentialProblem, AepError (in
    AEP's words, nothing is stored), Undecryptable.
    """
    _check_addresses(ims_url, platform_url)
    _check_name(credential.team, name, credential)
    places = (org_id, client_id, ims_url.rstrip("/"), platform_url.rstrip("/"))
    moved = places != _places(credential)
    if moved and not client_secret:
        raise SecretNeeded(
            gettext(
                "Type the client secret again: it is sent to what you have changed, and the "
                "stored one is not handed to other addresses or clients."
            )
        )
    trial: Trial | None = None
    if moved or client_secret or scopes != credential.scopes:
        secret = client_secret or decrypt(credential.client_secret)
        trial = try_sign_in(SignIn(org_id, client_id, secret, scopes, *places[2:]))
    row = save_credential(
        team=credential.team,
        name=name,
        org_id=org_id,
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes,
        ims_url=ims_url,
        platform_url=platform_url,
        expires_on=expires_on,
        credential=credential,
    )
    if trial is not None:
        _keep_trial(row, trial)
    return row


def replace_secret(credential: Credential, client_secret: str) -> None:
    """Rotation: the new secret is tried at Adobe, then takes the stored one's place.

    Raises AepError when it doesn't work; the stored one stays then.
    """
    places = _places(credential)
    trial = try_sign_in(SignIn(*places[:2], client_secret, credential.scopes, *places[2:]))
    Credential.objects.filter(pk=credential.pk).update(
        client_secret=encrypt(client_secret), secret_set_at=timezone.now(), expires_on=None
    )
    credential.refresh_from_db()
    _keep_trial(credential, trial)


def _places(credential: Credential) -> tuple[str, str, str, str]:
    """Whose secret it is and where it is sent."""
    return (
        credential.organisation.org_id,
        credential.client_id,
        credential.ims_url,
        credential.platform_url,
    )


def _keep_trial(credential: Credential, trial: Trial) -> None:
    """The token that has just worked is used from now on."""
    now = timezone.now()
    _keep_token(credential, trial.token, now)
    _store_sandboxes(credential, trial.sandboxes, now)


def _keep_token(credential: Credential, token: Token, now: datetime) -> None:
    Credential.objects.filter(pk=credential.pk).update(
        token=encrypt(token.value),
        token_expires_at=token.expires_at,
        token_renew_at=renew_at(token, now),
        succeeded_at=now,
        last_error="",
    )


def refresh_sandboxes(credential: Credential) -> list[Sandbox]:
    """Reads the sandboxes a credential reaches and stores them. Raises AepError, Undecryptable."""
    with open_platform(credential, None) as platform:
        found = list(platform.sandboxes.list())
    return _store_sandboxes(credential, found, timezone.now())


@transaction.atomic
def _store_sandboxes(
    credential: Credential, found: Iterable[SandboxInfo], now: datetime
) -> list[Sandbox]:
    rows = []
    for info in found:
        row, _ = Sandbox.objects.update_or_create(
            organisation=credential.organisation,
            name=info.name,
            defaults={"title": info.title or "", "type": info.type, "state": info.state},
        )
        SandboxAccess.objects.update_or_create(
            credential=credential, sandbox=row, defaults={"seen_at": now}
        )
        rows.append(row)
    SandboxAccess.objects.filter(credential=credential).exclude(sandbox__in=rows).delete()
    return rows


def find_access(credential: Credential, sandbox_name: str) -> SandboxAccess:
    """The credential's way into a sandbox; asks AEP once if the name is not known yet.

    Raises CredentialProblem with the reachable names, AepError, Undecryptable.
    """
    rows = SandboxAccess.objects.select_related("sandbox", "credential__organisation")
    if access := rows.filter(credential=credential, sandbox__name=sandbox_name).first():
        return access
    refresh_sandboxes(credential)
    if access := rows.filter(credential=credential, sandbox__name=sandbox_name).first():
        return access
    names = credential.sandboxes.values_list("name", flat=True)
    raise CredentialProblem(
        gettext(
            "Credential “{name}” reaches no sandbox named “{sandbox_name}”. It reaches: {names}."
        ).format(name=credential.name, sandbox_name=sandbox_name, names=", ".join(names) or "none")
    )


def test_credential(credential: Credential) -> CredentialTest:
    """Fetches a token, lists sandboxes and tries a read of each kind in the active ones.

    Stores what it saw on the credential. Never raises for an answer of AEP.
    """
    try:
        sandboxes = refresh_sandboxes(credential)
        missing = _missing_permissions(credential, sandboxes)
    except (AepError, Undecryptable) as error:
        Credential.objects.filter(pk=credential.pk).update(
            tested_at=timezone.now(), last_error=str(error)
        )
        return CredentialTest(ok=False, error=error if isinstance(error, AepError) else None)
    now = timezone.now()
    Credential.objects.filter(pk=credential.pk).update(
        tested_at=now, succeeded_at=now, last_error="", missing=missing
    )
    return CredentialTest(ok=True, sandboxes=sandboxes, missing=missing)


def _missing_permissions(credential: Credential, sandboxes: list[Sandbox]) -> dict[str, list[str]]:
    active = [row for row in sandboxes if row.state.lower() == "active"][:PROBED_SANDBOXES]
    found = {}
    for sandbox in active:
        with open_platform(credential, sandbox) as platform:
            if lacking := _lacking(platform):
                found[sandbox.name] = lacking
    return found


def _lacking(platform: Platform) -> list[str]:
    """Names of the permissions (AEP access control: permissions) whose reads AEP forbids."""
    probes = {
        "View Sources": lambda: next(iter(platform.flow_service.connections()), None),
        "View Schemas": lambda: platform.registry.tenant_id(),
        "View Datasets": lambda: next(iter(platform.catalog.datasets()), None),
    }
    lacking = []
    for name, probe in probes.items():
        try:
            probe()
        except Forbidden:
            lacking.append(name)
    return lacking


def delete_credential(credential: Credential) -> None:
    """Raises CredentialProblem, with the numbers, while drafts or submissions use it."""
    drafts = credential.draft_set.filter(deleted_at=None).count()
    submissions = credential.submission_set.count()
    if drafts or submissions:
        raise CredentialProblem(
            gettext(
                "{drafts} drafts and {submissions} submissions use “{name}”. Delete those "
                "drafts first, or change this credential instead of deleting it."
            ).format(drafts=drafts, submissions=submissions, name=credential.name)
        )
    credential.draft_set.all().delete()
    credential.delete()


def encrypted_fields() -> list[EncryptedTextField]:
    """Every encrypted column of every room, so that a new one can't be forgotten."""
    columns = (one for model in apps.get_models() for one in model._meta.get_fields())
    return [one for one in columns if isinstance(one, EncryptedTextField)]


@transaction.atomic
def rotate_keys() -> int:
    """Encrypts every stored secret with the first key; the number of secrets.

    Raises Undecryptable, and changes nothing, if a secret can't be opened.
    """
    count = 0
    for column in encrypted_fields():
        manager = column.model._base_manager.select_for_update()
        for pk, value in manager.exclude(**{column.name: ""}).values_list("pk", column.name):
            if value:
                manager.filter(pk=pk).update(**{column.name: rotate(value)})
                count += 1
    return count
