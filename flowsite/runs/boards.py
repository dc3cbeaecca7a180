"""What people add to the board: tags of dataflows, saved views, and their own columns."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models

LONGEST_TAG: Final = 40
LONGEST_VIEW_NAME: Final = 80
LONGEST_QUERY: Final = 2000


class DataflowTag(models.Model):
    """One tag of one dataflow, to filter by; ``Dataflow.tags`` is the copy that lists print."""

    dataflow = models.ForeignKey("runs.Dataflow", on_delete=models.CASCADE, related_name="tag_rows")
    name = models.CharField(max_length=LONGEST_TAG)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "dataflow"], name="dataflow_tag_once")
        ]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """Filters and order of the board under a name: the owner's own, or shared with a team."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    #: Null: private.
    team = models.ForeignKey("people.Team", null=True, blank=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=LONGEST_VIEW_NAME)
    #: Query string of the board, without page and stamp.
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name


class BoardPreference(models.Model):
    """How one person has the board."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="board_preference"
    )
    #: Keys of the columns to show; null: the usual ones.
    columns: models.JSONField[list[str] | None] = models.JSONField(null=True, blank=True)
    default_view = models.ForeignKey(
        SavedView, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return f"board of {self.user}"


class MappingEdit(models.Model):
    """The draft in which a dataflow's mapping is being changed, until it is given up."""

    dataflow = models.OneToOneField(
        "runs.Dataflow", on_delete=models.CASCADE, related_name="mapping_edit"
    )
    draft = models.OneToOneField(
        "drafts.Draft", on_delete=models.CASCADE, related_name="mapping_edit"
    )

    def __str__(self) -> str:
        return f"mapping of {self.dataflow}"
