"""Adobe credentials, the sandboxes they reach, and the source accounts in those sandboxes."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from flowsite.core.encrypted import EncryptedTextField
from flowsite.core.leases import Leasable
from flowsite.people.models import Team, User

IMS_URL = "https://ims-na1.adobelogin.com"
PLATFORM_URL = "https://platform.adobe.io"
SCOPES = "openid,session,AdobeID,read_organizations,additional_info.projectedProductContext"


class Organisation(models.Model):
    """An Adobe organisation (``x-gw-ims-org-id``)."""

    org_id = models.CharField("organisation id", max_length=100, unique=True)

    def __str__(self) -> str:
        return self.org_id


class Sandbox(models.Model):
    """A sandbox of an organisation. Its name, not its title, goes into requests."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    name = models.CharField(max_length=256)
    title = models.CharField(max_length=256, blank=True)
    type = models.CharField(max_length=32, default="development")
    state = models.CharField(max_length=32, default="active")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="sandbox_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_production(self) -> bool:
        """Whether the production guard applies."""
        return self.type.lower() == "production"


class Credential(Leasable):
    """An OAuth server-to-server credential. The lease covers fetching a token."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    name = models.CharField(max_length=100)
    client_id = models.CharField(max_length=200)
    client_secret = EncryptedTextField()
    scopes = models.TextField(default=SCOPES)
    ims_url = models.URLField("IMS URL", default=IMS_URL)
    platform_url = models.URLField("Platform URL", default=PLATFORM_URL)
    token = EncryptedTextField(blank=True, default="")
    token_expires_at = models.DateTimeField(null=True, blank=True)
    #: From then on the next user of the token fetches a new one.
    token_renew_at = models.DateTimeField(null=True, blank=True)
    #: When the stored secret was typed.
    secret_set_at = models.DateTimeField(null=True, blank=True)
    #: When the secret has to be replaced, by the organisation's own rule; Adobe sets no end.
    expires_on = models.DateField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    #: Last time that Adobe took the secret.
    succeeded_at = models.DateTimeField(null=True, blank=True)
    #: AEP's words of the last failure; empty when it worked.
    last_error = models.TextField(blank=True, default="")
    #: Sandbox name → permissions that the last test missed there.
    missing: models.JSONField[dict[str, list[str]]] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sandboxes: models.ManyToManyField[Sandbox, SandboxAccess] = models.ManyToManyField(
        Sandbox, through="SandboxAccess", related_name="credentials"
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="credential_name")]

    def __str__(self) -> str:
        return self.name


class SandboxAccess(models.Model):
    """A credential has been seen to reach a sandbox."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE)
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "sandbox"], name="access_once")
        ]

    def __str__(self) -> str:
        return f"{self.sandbox} via {self.credential}"


class SourceAccount(Leasable):
    """A base connection, as last seen. The lease covers a scheduled test."""

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE)
    connection_id = models.CharField(max_length=100)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    connection_spec_id = models.CharField(max_length=100)
    auth_spec = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=40, default="enabled")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(auto_now=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_ok = models.BooleanField(null=True, blank=True)
    #: The provider's own words of the last failed test.
    test_message = models.TextField(blank=True, default="")
    #: When the next scheduled test is due; null: at once.
    test_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    #: When a worker was last called for a test.
    woken_at = models.DateTimeField(null=True, blank=True)
    #: Since when every test failed, and how many.
    failing_since = models.DateTimeField(null=True, blank=True)
    test_failures = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["sandbox", "connection_id"], name="account_once")
        ]

    def __str__(self) -> str:
        return self.name


class SourceSecret(models.Model):
    """The secret parameters of an account on their way to AEP (``SecretRef`` names this row).

    ``values`` is encrypted JSON: parameter name → value. Emptied once AEP has them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    values = EncryptedTextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    spent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(spent_at__isnull=True) | Q(values=""), name="spent_secret_is_empty"
            )
        ]

    def __str__(self) -> str:
        return f"secret {self.pk}"
