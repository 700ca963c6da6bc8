"""The sums of a statement or a bill, by category and fee."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from moneyed import Money

from billing.models import InvoiceLine, StatementTotal
from billing.models.fees import Category
from lib import money

S = TypeVar("S", StatementTotal, InvoiceLine)  # a sum of charges of one fee


@dataclass(frozen=True)
class Section(Generic[S]):
    """The sums of one category, and their total; a row is the sum of one fee, on a bill of one fee
    and day.
    """

    category: Category
    rows: Sequence[S]
    currency: str

    @property
    def amount(self) -> Money:
        """The sum of the category's rows."""
        return money.total((row.amount for row in self.rows), self.currency)

    @property
    def charge_count(self) -> int:
        """How many charges the category's rows have."""
        return sum(row.charge_count for row in self.rows)


@dataclass(frozen=True)
class Sections(Generic[S]):
    """The sums of a statement or a bill by category, in the order in which categories are always
    shown.
    """

    sections: Sequence[Section[S]]
    currency: str

    @classmethod
    def of(cls, rows: Iterable[S], currency: str) -> "Sections[S]":
        """Group these sums by the category of each, in the order of categories; categories without
        any are left out.
        """
        by_category: dict[str, list[S]] = defaultdict(list)
        for row in rows:
            by_category[row.category].append(row)
        there = (category for category in Category if category in by_category)
        return cls([Section(one, by_category[one], currency) for one in there], currency)

    @property
    def amount(self) -> Money:
        """The sum of all sections."""
        return money.total((section.amount for section in self.sections), self.currency)

    @property
    def charge_count(self) -> int:
        """How many charges all sections have."""
        return sum(section.charge_count for section in self.sections)


@dataclass(frozen=True)
class FeeSum:
    """What one fee comes to on a bill by one rate of tax: the sum of its lines, of which there is
    one for each day.
    """

    lines: Sequence[InvoiceLine]  # oldest first
    currency: str

    @property
    def amount(self) -> Money:
        """The sum of the fee's lines."""
        return money.total((line.amount for line in self.lines), self.currency)

    @property
    def charge_count(self) -> int:
        """How many charges the fee's lines have."""
        return sum(line.charge_count for line in self.lines)


def fee_sums(section: Section[InvoiceLine]) -> Sequence[FeeSum]:
    """The sums of a bill's category: one for each fee, by the name that the bill has for it, and
    rate of tax, in the order of their first lines.
    """
    by_fee: dict[tuple[object, ...], list[InvoiceLine]] = defaultdict(list)
    for line in section.rows:
        by_fee[line.fee_name, line.tax_category, line.tax_percent].append(line)
    return [FeeSum(lines, section.currency) for lines in by_fee.values()]
