"""manage.py rotate_keys"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError

from credit.operations import destinations
from credit.queries.withdrawals import destinations_after
from merchants import clock
from merchants.commands import BooksCommand

CHUNK = 500


class Command(BooksCommand):
    help = (
        "Encrypts what is kept encrypted with the first key of TAEL_ENCRYPTION_KEYS. Afterwards the"
        " other keys are needed no more. Safe to run again, and to interrupt."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        looked_at, changed, unreadable = 0, 0, []
        for chunk in _chunks():
            changed_here, unreadable_here = destinations.reencrypt(
                chunk, actor="manage.py rotate_keys", now=clock.now()
            )
            looked_at += len(chunk)
            changed += changed_here
            unreadable += unreadable_here
        self.stdout.write(f"{looked_at} destination numbers, {changed} of them encrypted anew.")
        if unreadable:
            raise CommandError(
                "No key of TAEL_ENCRYPTION_KEYS opens the numbers of these destinations:"
                f" {', '.join(map(str, unreadable))}. Keep the old keys until this is clear."
            )


def _chunks() -> Iterator[Sequence[int]]:
    chunk = destinations_after(0, CHUNK)
    while chunk:
        yield chunk
        chunk = destinations_after(chunk[-1], CHUNK)
