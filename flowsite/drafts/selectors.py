"""Reading drafts, always through the person's teams."""

from __future__ import annotations

from django.db.models import QuerySet

from flowsite.definitions.model import PartialDefinition
from flowsite.drafts.models import Draft
from flowsite.people.models import User
from flowsite.people.selectors import teams_of


def drafts_for_user(user: User, *, deleted: bool = False) -> QuerySet[Draft]:
    """Drafts of the person's teams, the last changed first; the deleted ones on request."""
    return Draft.objects.filter(
        team__in=teams_of(user), deleted_at__isnull=not deleted
    ).select_related("owner", "saved_by", "sandbox", "credential__organisation", "team")


def draft_for_user(user: User, pk: int, *, deleted: bool = False) -> Draft | None:
    """None for one that the person may not see."""
    return drafts_for_user(user, deleted=deleted).filter(pk=pk).first()


def definition_of(draft: Draft) -> PartialDefinition:
    """The document that a draft holds; read once, for a page asks a dozen times."""
    held, document = getattr(draft, "_document", (None, None))
    if document is None or held is not draft.definition:
        document = PartialDefinition.model_validate(draft.definition)
        draft._document = (draft.definition, document)  # type: ignore[attr-defined]
    return document
