"""``makemessages``: Django's own, which also finds the words of the rooms without Django."""

from __future__ import annotations

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Adds ``say`` (flowsite.saying), and never guesses a translation."""

    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=say",
    ]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]
