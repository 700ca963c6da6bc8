"""Tax on bills (chapter 28 of docs/rules.md): rates, classes, treatments, and what credits get."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from .money import ZERO, nearest

if TYPE_CHECKING:
    from .invoices import Charge, Invoice, Item
    from .ledger import Ledger

EUROPEAN_UNION = {"DE", "FR"}  # as far as histories know it
# What only settles what was billed.
SETTLING = {
    "payment-reversal", "transfer-moved", "credit-used", "payout", "credit-waived",
    "credit-bill-waived", "credit-tax",
}  # fmt: skip


class Rate(NamedTuple):
    """A category of EN 16931 with its per cent; of what is corrected on another bill, that bill."""

    category: str
    percent: Decimal = ZERO
    corrects: "Invoice | None" = None

    @property
    def key(self) -> tuple[str, Decimal, int]:
        """What tells it from other rates of a bill."""
        return self.category, self.percent, self.corrects.number if self.corrects else 0


OUTSIDE = Rate("O")


@dataclass
class Tax:
    rate: Rate
    base: Decimal
    tax: Decimal


@dataclass
class Line:
    """The charges of an item that have one rate."""

    item: "Item"
    rate: Rate | None  # None: no tax applies to them
    charges: "list[Charge]"

    @property
    def amount(self) -> Decimal:
        """The sum of its charges."""
        return sum((charge.amount for charge in self.charges), ZERO)


class TaxOffices:
    """What administrators know of taxes: which issuer is where, rates and classes by their days."""

    def __init__(self) -> None:
        self.countries = {"": ""}  # of issuers; the installation's own has none
        self.rates: dict[tuple[str, str], list[tuple[date, Decimal | None]]] = {}
        self.classes: dict[str, list[tuple[date, str]]] = {}

    def percent(self, country: str, tax_class: str, day: date) -> Decimal | None:
        """The rate of this class in the country on this day, in percent; None without one."""
        found: Decimal | None = in_force(self.rates.get((country, tax_class), []), day, None)
        return found

    def rate_of(self, issuer: str, fee: str, treatment: str, day: date) -> "Rate | None":
        """The rate of a fee of this issuer's, by treatment and day; None while the issuer's country
        has no tax. What is exempt needs no rate of its own.
        """
        country = self.countries[issuer]
        standard = self.percent(country, "STANDARD", day)
        if standard is None:
            return None
        tax_class = in_force(self.classes.get(fee, []), day, "STANDARD")
        if tax_class == "OUTSIDE" or treatment == "OUTSIDE_SCOPE":
            return OUTSIDE
        if tax_class == "EXEMPT":
            return Rate("E")
        if treatment == "REVERSE_CHARGE":
            return Rate("AE")
        if tax_class == "ZERO":
            return Rate("Z")
        own = self.percent(country, tax_class, day)
        return Rate("S", standard if own is None else own)


def in_force(rows: list[tuple[date, Any]], day: date, otherwise: Any) -> Any:
    """The row of the latest first day up to this one; of two from one day the later one."""
    begun = [row for row in rows if row[0] <= day]
    latest = max((from_on for from_on, _ in begun), default=None)
    found = [value for from_on, value in begun if from_on == latest]
    return found[-1] if found else otherwise


@dataclass
class Taxation:
    """An account's issuer, to whom its bills are made out since when, and what was decided about
    its treatment.
    """

    offices: TaxOffices
    issuer: str = ""
    details: list[tuple[date, tuple[str, str]]] = field(default_factory=list)  # country, number
    decided: list[tuple[date, str]] = field(default_factory=list)  # "": as it follows
    of_rests: list[Tax] = field(default_factory=list)  # that a closed account got back

    def treatment(self, day: date) -> str:
        """How services of this day are taxed: as was decided, or as follows from both countries and
        the tax number.
        """
        decided: str = in_force(self.decided, day, "")
        if decided:
            return decided
        first = self.details[0][1] if self.details else ("", "")
        country, number = in_force(self.details, day, first)
        home = self.offices.countries[self.issuer]
        if country in ("", home):
            return "DOMESTIC"
        if {country, home} <= EUROPEAN_UNION:
            return "REVERSE_CHARGE" if number else "DOMESTIC"
        return "OUTSIDE_SCOPE"


def rate_of(account: "Ledger", charge: "Charge") -> Rate | None:
    """Which rate a charge that is on no bill has now; None if no tax applies to it."""
    taxation = account.taxation
    if charge.has_no_tax or charge.fee in SETTLING:
        return None
    if charge.corrects is not None:
        return rate_of_corrected(account, charge.corrects)
    day, fee = charge.served_on, charge.fee.replace("subscription", "plan")
    return taxation.offices.rate_of(taxation.issuer, fee, taxation.treatment(day), day)


def rate_of_corrected(account: "Ledger", corrected: "Charge") -> Rate | None:
    """The rate that a corrected charge got on its bill, or as a closed account's rest; if it is on
    none, it will be on one with what corrects it.
    """
    if corrected.has_no_tax:
        return corrected.rate_of_rest
    for invoice in account.invoices:
        if invoice.status == "VOID":
            continue
        for line in invoice.lines:
            if any(one is corrected for one in line.charges):
                if line.rate is None or not invoice.taxes:
                    return None  # it was billed without tax
                return line.rate._replace(corrects=line.rate.corrects or invoice)
    return rate_of(account, corrected)


def split(account: "Ledger", items: "Iterable[Item]") -> list[Line]:
    """The lines of a bill of these items."""
    found: list[Line] = []
    for item in items:
        of_item: dict[tuple[str, Decimal, int], Line] = {}
        for charge in item.charges:
            rate = rate_of(account, charge)
            key = (rate or OUTSIDE).key
            of_item.setdefault(key, Line(item, rate, [])).charges.append(charge)
        found += of_item.values()
    return found


def taxes_of(account: "Ledger", lines: list[Line]) -> list[Tax]:
    """The taxes of a bill with these lines, by rate: of what is corrected on another bill, what all
    credits of that bill and rate come to together, less what was credited before.
    """
    bases: dict[tuple[str, Decimal, int], Tax] = {}
    if all(line.rate is None for line in lines):
        return []
    for line in lines:
        rate = line.rate or OUTSIDE
        found = bases.setdefault(rate.key, Tax(rate, ZERO, ZERO))
        found.base += line.amount
    for one in bases.values():
        base, before = one.base, ZERO
        if one.rate.corrects is not None:
            earlier = credited_before(account, one.rate)
            base += sum((other.base for other in earlier), ZERO)
            before = sum((other.tax for other in earlier), ZERO)
        one.tax = nearest(base * one.rate.percent / 100, account.currency) - before
    return list(bases.values())


def credited_before(account: "Ledger", rate: Rate) -> list[Tax]:
    """The taxes on bills that stand and on rests at the same rate."""
    standing = [one for invoice in account.invoices if invoice.status != "VOID"
                for one in invoice.taxes]  # fmt: skip
    return [one for one in standing + account.taxation.of_rests if one.rate.key == rate.key]
