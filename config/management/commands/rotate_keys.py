"""manage.py rotate_keys"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError

from lib import cells, clock, encrypted
from lib.cells import moving
from lib.commands import BooksCommand
from lib.encrypted import Column
from merchants.operations import keys

CHUNK = 500
ACTOR = "manage.py rotate_keys"


class Command(BooksCommand):
    help = (
        "Encrypts what is kept encrypted with the first key of TAEL_ENCRYPTION_KEYS. Afterwards the"
        " other keys are needed no more. Safe to run again, and to interrupt."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt all encrypted columns, of each cell, anew with the first key where another one
        was used, a chunk of locked rows at a time and with trail rows, and print how much there
        was. Raises CommandError at the end if no key opens some row's content, naming the rows,
        which stay as they are; and cells.Moves while a merchant's books are being moved.
        """
        with moving.staying():
            found = cells.in_each(lambda: [self._rotate(column) for column in encrypted.columns()])
        lost = [line for lines in found for line in lines if line]
        if lost:
            raise CommandError(
                f"No key of TAEL_ENCRYPTION_KEYS opens these {'; '.join(lost)}. Keep the old keys"
                " until this is clear."
            )

    def _rotate(self, column: Column) -> str:
        """Encrypt the content of one column anew with the first key, a chunk of locked rows at a
        time and with trail rows, where another key was used, and print how many rows there were and
        how many changed.

        Returns a text that lists the primary keys of the rows whose content no key decrypts, or "".
        """
        looked_at, changed, unreadable = 0, 0, []
        for chunk in _chunks(column):
            rotated = keys.reencrypt(column, chunk, actor=ACTOR, now=clock.now())
            looked_at += len(chunk)
            changed += rotated.changed
            unreadable += rotated.unreadable
        self.stdout.write(f"{looked_at} {column.called}, {changed} of them encrypted anew.")
        return f"{column.called}: {', '.join(map(str, unreadable))}" if unreadable else ""


def _chunks(column: Column) -> Iterator[Sequence[Any]]:
    """Yield the primary keys of all rows of the column's table, CHUNK at a time."""
    chunk = keys.keys_after(column, None, CHUNK)
    while chunk:
        yield chunk
        chunk = keys.keys_after(column, chunk[-1], CHUNK)
