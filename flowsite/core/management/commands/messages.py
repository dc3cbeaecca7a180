"""``messages``: collects the words of the code into the catalogues and compiles these."""

from __future__ import annotations

from typing import Any

import polib
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Collect translatable words (needs GNU gettext) and compile the catalogues."

    def handle(self, *args: Any, **options: Any) -> None:
        locale = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        ignored = [
            ".*",
            "emulator/*",
            "tests/*",
            "bench/*",
            "docs/*",
            "build/*",
            "var/*",
            "gallery.*",
        ]
        call_command(
            "makemessages",
            locale=locale,
            ignore_patterns=ignored,
            no_location=True,
            no_wrap=True,
            no_obsolete=True,
            verbosity=0,
        )
        missing = 0
        for code in locale:
            path = settings.LOCALE_PATHS[0] / code / "LC_MESSAGES" / "django.po"
            catalogue = polib.pofile(str(path))
            catalogue.save_as_mofile(str(path.with_suffix(".mo")))
            for entry in catalogue.untranslated_entries():
                missing += 1
                self.stdout.write(f"{code}: {entry.msgid}")
        if missing:
            raise CommandError(f"{missing} texts have no translation.")
