"""``manage.py person add``: people and their roles from the command line."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from flowsite.people import audit
from flowsite.people.command_line import the_team
from flowsite.people.models import Membership, User
from flowsite.people.rights import Role


class Command(BaseCommand):
    help = "Adds a person with a role, or gives an existing one another role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_subparsers(dest="action", required=True).add_parser("add")
        add.add_argument("name")
        add.add_argument("--role", choices=[role.value for role in Role], required=True)
        add.add_argument("--team")
        add.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from standard input (needed for a new person)",
        )
        add.add_argument(
            "--production", action="store_true", help="may submit to production sandboxes"
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        team = the_team(options["team"])
        user, made = User.objects.get_or_create(username=options["name"])
        if options["password_stdin"]:
            password = sys.stdin.read().removesuffix("\n")
            try:
                validate_password(password, user)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            user.set_password(password)
            user.save()
        elif made:
            raise CommandError("A new person needs a password: --password-stdin.")
        user.groups.add(Group.objects.get(name=options["role"]))
        Membership.objects.get_or_create(team=team, user=user)
        if options["production"]:
            user.user_permissions.add(Permission.objects.get(codename="submit_to_production"))
        audit.record(
            "person.role_given", actor="command line", team=team, obj=user, role=options["role"]
        )
        self.stdout.write(f"{user.username} is {options['role']} in {team.name}.")
