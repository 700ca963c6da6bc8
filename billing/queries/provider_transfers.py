"""Finds money of a provider that a person recorded like a transfer, under the provider's own name
for it, as they ended an attempt of which the provider said what could not be right (rule 16.18).
Nothing here writes.
"""

from collections import defaultdict
from collections.abc import Iterable

from moneyed import Money

from billing.models import BankTransfer
from lib import money


def recorded(references: Iterable[str]) -> dict[tuple[str, str], Money]:
    """The sum of the transfers under each of a provider's names for its money, in each currency, by
    the name and the currency. One that was booked elsewhere counts where it is by now, and one that
    was taken off, as it never came, counts nowhere.
    """
    found: dict[tuple[str, str], list[Money]] = defaultdict(list)
    transfers = BankTransfer.objects.filter(
        reference__in=[one for one in references if one], status=BankTransfer.Status.RECORDED
    )
    for transfer in transfers:
        found[transfer.reference, transfer.currency].append(transfer.amount)
    return {named: money.total(amounts, named[1]) for named, amounts in found.items()}
