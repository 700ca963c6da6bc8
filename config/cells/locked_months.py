"""Has what the journal of each cell has of locked months follow a merchant's books (rule 29.30).

A month is locked in all cells at one instant, so a merchant's entries are of the same days in
whichever cell: what one cell has less afterwards, another one has more.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing.models import JournalCount, JournalLock
from billing.queries import journal
from lib import cells

# By the key of the lock: how many postings, and the sum of their digests.
Counts = Mapping[int, tuple[int, Decimal]]
NOTHING = 0, Decimal(0)


def of(merchant_id: int, numbers: Sequence[int]) -> Mapping[int, Counts]:
    """What the journal of each of the cells with these numbers has of locked months that is the
    merchant's, by the cell's number: how many postings, and the sum of their digests, by the key of
    the lock. It takes a query for each cell. Where no month is locked, the result is empty.
    """
    if not JournalLock.objects.exists():
        return {}
    found = {}
    for number in numbers:
        with cells.at(number):
            found[number] = journal.locked(merchant_id)
    return found


def follow(merchant_id: int, before: Mapping[int, Counts]) -> None:
    """Change what is kept of each cell in `before`, which has what `of` found, by what it has more
    or less of the merchant now. The caller has the triggers of these rows do nothing meanwhile.
    """
    after = of(merchant_id, list(before))
    locks = JournalLock.objects.in_bulk()
    for number, then in before.items():
        with cells.at(number):
            for key in sorted(then.keys() | after[number].keys()):
                postings, digest = then.get(key, NOTHING)
                more, other = after[number].get(key, NOTHING)
                if (postings, digest) != (more, other):
                    _add(locks[key], more - postings, other - digest)


def _add(lock: JournalLock, postings: int, digest: Decimal) -> None:
    """Add these numbers, which may be below 0, to the row that is kept of the locked month for the
    cell that we are inside, and save it. If there is none, it is made: from what the lock itself
    has in the first cell, and from nothing in others.
    """
    kept = JournalCount.objects.filter(pk=lock.pk).first()
    if kept is None:
        is_first = cells.number() == cells.FIRST
        all_of_it = (lock.postings, lock.digest) if is_first else NOTHING
        kept = JournalCount(lock=lock, postings=all_of_it[0], digest=all_of_it[1])
    kept.postings += postings
    kept.digest += digest
    kept.save()
