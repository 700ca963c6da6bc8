"""manage.py demo [--if-empty]"""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from config import datafolder
from config.demo import LOGINS, ROLES, events
from config.replay import Replaying, look_through
from merchants.models import Membership, Merchant


class Command(BaseCommand):
    help = "Loads four demonstration shops with a season of trade, and people who can sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing when there are merchants already"
        )

    def handle(self, *, if_empty: bool, **options: Any) -> None:
        # The file is there until it is replayed to its end, so that a load that was cut short goes
        # on where it was.
        file = datafolder.root() / "demo.jsonl"
        if if_empty and not file.exists() and Merchant.objects.exists():
            return
        now = timezone.now()
        if not file.exists():
            self._write(file, now)
        self.stdout.write("Loading four demonstration shops (some 30 seconds, once) ...")
        Replaying(look_through(file), now, lambda events: None).run()
        self._let_people_in()
        file.unlink()

    def _write(self, file: Path, now: datetime) -> None:
        draft = file.with_suffix(".draft")
        draft.write_text("\n".join(events(now)) + "\n", encoding="utf-8")
        draft.rename(file)

    @transaction.atomic
    def _let_people_in(self) -> None:
        people = get_user_model().objects
        for login in LOGINS:
            if people.filter(email=login.email).exists():
                continue
            user = people.create_user(login.email, login.password, is_staff=bool(login.role))
            user.groups.set(Group.objects.filter(name=login.role))
            # Nobody reads these mailboxes.
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        for merchant, email, role in ROLES:
            Membership.objects.get_or_create(
                merchant=Merchant.objects.get(reference=merchant),
                user=people.get(email=email),
                defaults={"role": role},
            )
