"""The language in which each book tells its movements as double entries (rule 29.1).

A book registers its accounts and its sources when it starts. A source is a table whose rows are
movements, and SQL for what each of them debits and credits; nothing is stored a second time. Who
composes the journal of all books registers nothing and knows no book (billing.queries.journal).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lib.audit_days import day, join_zone
from lib.registry import Registry


class Nature(Enum):
    """What an account is; the value is its root where accountants' tools want one."""

    ASSET = "Assets"
    LIABILITY = "Liabilities"
    EQUITY = "Equity"
    INCOME = "Income"
    EXPENSE = "Expenses"
    # What is no money of anybody's yet: limits, and what buyers still owe their shops.
    MEMORANDUM = "Equity:Memoranda"


@dataclass(frozen=True)
class Account:
    """An account of the journal, with the code and the name that it has unless an installation
    chooses others.

    A stem stands for accounts of which each has the stem's key, a point and more, such as
    `tax.DE.19`: their codes and names go on in the same way.
    """

    key: str
    code: str
    name: str
    nature: Nature
    about: str  # what its balance is
    is_stem: bool = False


@dataclass(frozen=True)
class Source:
    """The rows of a table, each of which is one entry.

    All texts are SQL, in which the row is `written`. `postings` selects (place, account, amount)
    of one row: place 1, 2, …, the account's key, and the amount, above 0 for a debit. Amounts of 0
    are left out. `day` is the local day that the row's own document has; without it, it is the
    merchant's local day of `at`, the instant at which the row came to be a movement.
    """

    rank: int  # of entries at one instant, those of a lower rank come first
    name: str  # unique among all sources
    model: str  # of the row, whose page an entry opens: "credit.ProceedsEntry"
    rows: str  # where the rows are selected from
    merchant: str
    at: str
    document: str  # what the row comes from, for people
    postings: str
    only: str = "true"
    day: str = ""

    def sql(self, *conditions: str) -> str:
        """SQL for the postings of the rows that meet all of these conditions. A condition is SQL in
        which {merchant}, {at} and {day} stand for the row's merchant, instant and local day.
        Postings of 0 are left out. It selects rank, source, row_id, merchant_id, at, said_on (the
        local day), currency, document, place, account (its key) and amount, above 0 for a debit.
        """
        own = day("zone", self.at)
        zone = join_zone("zone", merchant=self.merchant, instant=self.at)
        named = {"merchant": self.merchant, "at": self.at, "day": self.day or own}
        met = "".join(f" AND {condition.format(**named)}" for condition in conditions)
        return f"""
            SELECT {self.rank} AS rank, '{self.name}'::text AS source, written.id AS row_id,
                   {self.merchant} AS merchant_id, {self.at} AS at, {self.day or own} AS said_on,
                   written.currency::text AS currency, {self.document} AS document,
                   posting.place::int AS place, posting.account::text AS account, posting.amount
            FROM {self.rows} {"" if self.day else zone}
            CROSS JOIN LATERAL ({self.postings}) AS posting(place, account, amount)
            WHERE posting.amount <> 0 AND ({self.only}){met}
        """


@dataclass(frozen=True)
class Balance:
    """A figure of the books that the balance of an account has to be: SQL that selects, for each
    merchant that has it, (merchant_id, amount), above 0 for a debit.
    """

    account: str  # its key
    sql: str


@dataclass(frozen=True)
class Movements:
    """The rows that have to be entries of a source, said once more and without its joins: SQL that
    selects (merchant_id, row_id).
    """

    source: str
    sql: str


ACCOUNTS: Registry[Account] = Registry(lambda account: account.code)
SOURCES: Registry[Source] = Registry(lambda source: (source.rank, source.name))
BALANCES: Registry[Balance] = Registry(lambda balance: balance.account)
MOVEMENTS: Registry[Movements] = Registry(lambda movements: movements.source)


def account_of(key: str) -> Account:
    """The registered account of the journal with this key, or the stem that the key goes on from.
    Raises LookupError if there is neither.
    """
    return next(account for account in _candidates(key))


def _candidates(key: str) -> Iterator[Account]:
    """Yield the registered account with this key, if there is one, and then the stem that the key
    goes on from, if there is one. Raises LookupError after them.
    """
    known = {account.key: account for account in ACCOUNTS}
    if key in known:
        yield known[key]
    stem = known.get(key.partition(".")[0])
    if stem is not None and stem.is_stem:
        yield stem
    raise LookupError(f"the journal has no account {key!r}")


def source_of(name: str) -> Source:
    """The registered source of this name. Raises LookupError if there is none."""
    for source in SOURCES:
        if source.name == name:
            return source
    raise LookupError(f"the journal has no source {name!r}")
