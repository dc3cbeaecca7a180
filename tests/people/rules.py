"""Who may open which address: the one table. ``test_matrix.py`` holds every URL to it.

A new URL name needs a line here. A name that has no URL (yet) does no harm.
"""

from __future__ import annotations

from flowsite.people.rights import Role

#: Also for people who are not signed in.
PUBLIC = "public"
#: Everybody who is signed in, with or without a role.
EVERYBODY = "everybody"

ANALYST = frozenset({Role.ANALYST})
OPS = frozenset({Role.OPS})
BOTH = frozenset({Role.ANALYST, Role.OPS})
#: Admins may do what analysts and ops do; this is for admins alone.
ADMIN = frozenset({Role.ADMIN})

Rule = str | frozenset[Role]

RULES: dict[str, Rule] = {
    # The frame
    "home": EVERYBODY,
    "sign-in": PUBLIC,
    "language": PUBLIC,
    "sign-out": EVERYBODY,
    "switch-sandbox": EVERYBODY,
    "live": PUBLIC,
    "ready": PUBLIC,
    "health": ADMIN,
    # Guarded by a token, or by coming from this machine
    "health-full": PUBLIC,
    "metrics": PUBLIC,
    "gallery": PUBLIC,
    "gallery-part": PUBLIC,
    # People
    "profile": EVERYBODY,
    "set-password": PUBLIC,
    "organisation-begin": PUBLIC,
    "organisation-back": PUBLIC,
    "people": ADMIN,
    "person-new": ADMIN,
    "person": ADMIN,
    "person-link": ADMIN,
    "person-state": ADMIN,
    "teams": ADMIN,
    "team": ADMIN,
    "team-add": ADMIN,
    "team-member-remove": ADMIN,
    "team-delete": ADMIN,
    "audit": ADMIN,
    "audit-export": ADMIN,
    # Credentials
    "credentials": ADMIN,
    "credential-new": ADMIN,
    "credential": ADMIN,
    "credential-test": ADMIN,
    "credential-rotate": ADMIN,
    "credential-delete": ADMIN,
    "account-health": OPS,
    "account-tests": OPS,
    # Catalogue and accounts
    "catalog": ANALYST,
    "catalog-offered": ANALYST,
    "accounts": BOTH,
    "accounts-list": BOTH,
    "account-new": ANALYST,
    "account-detail": BOTH,
    "account-test": BOTH,
    # Drafts
    "drafts": ANALYST,
    "draft-new": ANALYST,
    "draft-import": ANALYST,
    "draft-resume": ANALYST,
    "draft-rename": ANALYST,
    "draft-clone": ANALYST,
    "draft-delete": ANALYST,
    "draft-restore": ANALYST,
    "draft-export": ANALYST,
    "draft-step": ANALYST,
    "draft-compare": ANALYST,
    "draft-accounts": ANALYST,
    "draft-items": ANALYST,
    "draft-columns": ANALYST,
    "draft-sample": ANALYST,
    "draft-datasets": ANALYST,
    "draft-schemas": ANALYST,
    "draft-schema": ANALYST,
    "draft-proposal": ANALYST,
    "draft-editor": ANALYST,
    "draft-suggestions": ANALYST,
    "draft-validate": ANALYST,
    "draft-preview": ANALYST,
    "draft-functions": ANALYST,
    "draft-expression": ANALYST,
    "draft-mapping-csv": ANALYST,
    "draft-mapping-import": ANALYST,
    "draft-mapping-origins": ANALYST,
    "draft-mapping-copy": ANALYST,
    "draft-bulk": ANALYST,
    "draft-bulk-items": ANALYST,
    "batch": ANALYST,
    "batch-row": ANALYST,
    "batch-submit": ANALYST,
    "draft-forecast": ANALYST,
    "draft-delta": ANALYST,
    "draft-findings": ANALYST,
    "draft-curl": ANALYST,
    "draft-start-later": ANALYST,
    # Submissions
    "submission": BOTH,
    "submission-cancel": ANALYST,
    "submission-continue": ANALYST,
    "submission-undo": ANALYST,
    "submission-tidy": ANALYST,
    "submission-curl": ANALYST,
    "orphans": ADMIN,
    "orphans-search": ADMIN,
    "orphans-remove": ADMIN,
    # Monitoring
    # Guarded by Adobe's signature, and off unless switched on
    "adobe-events": PUBLIC,
    "board": BOTH,
    "board-live": BOTH,
    "board-export": BOTH,
    "board-columns": BOTH,
    "board-filters": BOTH,
    "board-selection": BOTH,
    "board-views": BOTH,
    "view": BOTH,
    "view-save": BOTH,
    "view-change": BOTH,
    "runs-export": BOTH,
    "sync-now": BOTH,
    "runs": BOTH,
    "run": BOTH,
    "run-rows": BOTH,
    "run-live": BOTH,
    "work": BOTH,
    "work-act": BOTH,
    "dataflows": BOTH,
    "dataflow": BOTH,
    "dataflow-live": BOTH,
    "dataflow-outside": BOTH,
    "dataflow-tags": BOTH,
    "dataflow-calendar": BOTH,
    "dataflow-timeline": BOTH,
    "dataflow-mapping": ANALYST,
    "dataflow-adopt": ADMIN,
    "dataflow-action": BOTH,
    "run-retry": BOTH,
    "dataflow-export": BOTH,
    "dataflow-clone": ANALYST,
    # Alerts
    "alerts": BOTH,
    "alert": BOTH,
    "alert-mute": OPS,
    "rules": BOTH,
    "rule-new": OPS,
    "rule": BOTH,
    "rule-mute": OPS,
    "rule-delete": OPS,
    "rules-propose": OPS,
    "channels": BOTH,
    "channel-new": OPS,
    "channel": BOTH,
    "channel-test": OPS,
    "channel-delete": OPS,
    "deliveries": BOTH,
    "delivery-again": OPS,
}
