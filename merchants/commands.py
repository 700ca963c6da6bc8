"""What commands that read or write the books have in common."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from merchants import time_zone_data


class BooksCommand(BaseCommand):
    """A command that starts only with the time-zone data by which the books count days."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            time_zone_data.start()
        except time_zone_data.WrongTimeZoneData as refusal:
            raise CommandError(str(refusal)) from refusal
        except DatabaseError:
            pass  # it is away, or not migrated: the command says so, if it asks for anything
        return super().execute(*args, **options)
