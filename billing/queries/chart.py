"""Reads the chart of accounts: which code and name each account of the journal has (rule 29.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from billing.models import ChartAccount, JournalLock, TaxRate
from lib import journal
from lib.journal import ACCOUNTS, Nature


@dataclass(frozen=True)
class Named:
    """An account of the journal with the code and name that a chart gives it."""

    key: str
    code: str
    name: str
    nature: Nature

    @cached_property
    def path(self) -> str:
        """The account's name in accounting programs that know accounts by one word of several
        parts, such as Assets:1100-Receivable-from-merchants.
        """
        letters = "".join(sign if sign.isalnum() else " " for sign in self.name)
        return f"{self.nature.value}:{'-'.join([self.code, *letters.split()])}"

    @property
    def is_memorandum(self) -> bool:
        """Whether it only notes figures, and is part of neither the balance sheet nor profit and
        loss.
        """
        return self.nature is Nature.MEMORANDUM


class Chart:
    """The accounts by what an installation chose for their keys, and else as their books register
    them.
    """

    def __init__(self, chosen: Mapping[str, tuple[str, str]]) -> None:
        self._chosen = chosen
        self._known: dict[str, Named] = {}

    def __getitem__(self, key: str) -> Named:
        """The account with this key. Raises LookupError if no book has it."""
        if key not in self._known:
            self._known[key] = self._account(key)
        return self._known[key]

    def _account(self, key: str) -> Named:
        """The account with this key, by the code and name that were chosen for it, or else as
        it was registered. A key that goes on from a stem, such as that of a tax rate, has the
        code and name of the stem with the rest of the key after them, unless some were chosen
        for the key itself. Raises LookupError if the key is neither registered nor goes on from
        a stem.
        """
        registered = journal.account_of(key)
        code, name = self._chosen.get(registered.key, (registered.code, registered.name))
        if registered.key != key:
            more = key.removeprefix(f"{registered.key}.")
            code = f"{code}-{more.replace('.', '-')}".upper()
            name = f"{name} {more.replace('.', ' ', 1)}"
        code, name = self._chosen.get(key, (code, name))
        return Named(key, code, name, registered.nature)


def in_force(last: int | None = None) -> Chart:
    """The chart of accounts as it is now, or as it was when the choice with the primary key `last`
    was its last one; 0 is before all choices.
    """
    found = ChartAccount.objects.order_by("pk")
    if last is not None:
        found = found.filter(pk__lte=last)
    return Chart(
        {key: (code, name) for key, code, name in found.values_list("key", "code", "name")}
    )


def choosable() -> list[str]:
    """The keys of accounts that an installation can choose codes and names for: all that are
    registered, in that order, and then that of each rate of tax above 0 that a country has, had or
    will have.
    """
    rates = TaxRate.objects.filter(percent__gt=0).values_list("country", "percent").distinct()
    taxes = {f"tax.{country}.{percent.normalize():f}" for country, percent in rates if percent}
    return [*(account.key for account in ACCOUNTS), *sorted(taxes)]


class Charts:
    """The chart by which each day of the journal is told: of a locked month that which was in force
    as it was locked, and else the present one.
    """

    def __init__(self) -> None:
        locks = JournalLock.objects.order_by("through").values_list("through", "chart")
        self._locked = [(through, in_force(last)) for through, last in locks]
        self._present = in_force()

    def on(self, day: date) -> Chart:
        """The chart of accounts by which the entries of this day are told: of a locked day the one
        that was in force as it was locked, and of any other day the present one.
        """
        for through, chart in self._locked:
            if day <= through:
                return chart
        return self._present
