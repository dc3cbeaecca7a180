"""Drafts: dataflow documents being written."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext, gettext_noop

UNTITLED = gettext_noop("Untitled dataflow")


class Draft(models.Model):
    """A ``PartialDefinition`` on its way to a dataflow; every save raises ``revision``."""

    team = models.ForeignKey("people.Team", on_delete=models.PROTECT)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="drafts"
    )
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.PROTECT)
    credential = models.ForeignKey("credentials.Credential", on_delete=models.PROTECT)
    #: PartialDefinition.model_dump(mode="json", exclude_none=True); never a secret.
    definition: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: The wizard step to resume at.
    step = models.CharField(max_length=20, default="account")
    revision = models.PositiveIntegerField(default=1)
    #: Step → the revision at which its part of the document last changed. Two tabs on different
    #: steps don't stand in each other's way.
    step_revisions: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    #: Drafts that were made together carry the same key.
    batch = models.CharField(max_length=32, blank=True, default="", db_index=True)
    #: Who saved last, for the page that compares two versions.
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["team", "deleted_at", "-updated_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The dataflow name, or a stand-in until there is one."""
        return str(self.definition.get("name") or gettext(UNTITLED))
