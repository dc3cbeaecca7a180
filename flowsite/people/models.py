"""Who works here: teams, people, and what they did."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models


class Team(models.Model):
    """Owns credentials, drafts, dataflows and source accounts."""

    name = models.CharField(max_length=100, unique=True)
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        "User", through="Membership", related_name="teams"
    )

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person. Roles are Django groups: analyst, ops, admin (people.rights)."""

    #: One of ``settings.LANGUAGES``; empty: what the browser asks for.
    language = models.CharField(max_length=10, blank=True)

    #: Who the person is at the organisation's sign-in: issuer and subject. Null: not linked yet.
    outside_id = models.CharField(max_length=500, null=True, blank=True, unique=True, default=None)

    class Meta(AbstractUser.Meta):
        permissions = [("submit_to_production", "May submit to production sandboxes")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """A person in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="member_once")]


class AppendOnly(models.QuerySet["AuditEntry"]):
    """Rows that can be added and read, and nothing else."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit entries are written once and never deleted.")

    update = delete = bulk_update = update_or_create = _refuse
    aupdate = adelete = abulk_update = aupdate_or_create = _refuse


class AuditEntry(models.Model):
    """Who did what to which object, when, from where. Written once, never changed."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    #: Kept beside the key, so that the entry still reads well when the person is gone.
    actor = models.CharField(max_length=200)
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    object_name = models.CharField(max_length=300, blank=True)
    details: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    remote_addr = models.CharField(max_length=60, blank=True)
    #: AEP's id of the request, where there was one.
    request_id = models.CharField(max_length=100, blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_by_object"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("An audit entry is written once.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("An audit entry is never deleted.")
