"""By which rate each day's services of an account are taxed (rule 28.13 to rule 28.15)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from billing import tax
from billing.models import Fee
from billing.tax import TaxCategory, TaxClass, Treatment
from lib import prepared

# Of these accounts, those whose bills may have tax: their issuer is in a country that has rates, or
# they had another issuer before, whose bills a credit may correct.
TAXED = """
SELECT account.merchant_id, account.currency, coalesce(version.country, '')
FROM billing_billingaccount account
LEFT JOIN billing_issuer issuer ON issuer.id = account.issuer_id
LEFT JOIN billing_issuerversion version ON version.id = issuer.present_id
WHERE account.merchant_id = ANY(%(accounts)s) AND EXISTS (SELECT FROM billing_taxrate)
  AND (EXISTS (SELECT FROM billing_taxrate rate WHERE rate.country = version.country)
       OR EXISTS (SELECT FROM billing_accountchange change
                  WHERE change.account_id = account.merchant_id AND change.what = 'ISSUER'))
"""


# Read for each batch of bills, and so planned once for each connection.
RATES = """
SELECT country, tax_class, starts_on, percent, sentence FROM billing_taxrate
WHERE country = ANY(%(countries)s) ORDER BY starts_on, id
"""
CLASSES = "SELECT fee_id, starts_on, tax_class FROM billing_feetaxclass ORDER BY starts_on, id"
PARTIES = """
SELECT account_id, confirmed_on, country, tax_number FROM billing_billingdetails
WHERE account_id = ANY(%(accounts)s) AND status = 'CONFIRMED' ORDER BY version
"""
TREATMENTS = """
SELECT account_id, starts_on, treatment FROM billing_taxtreatment
WHERE account_id = ANY(%(accounts)s) ORDER BY starts_on, id
"""


class Rate(NamedTuple):
    """A category of tax with its per cent, and the sentence that is printed with it, if any."""

    category: str
    percent: Decimal
    sentence: str = ""


OUTSIDE = Rate(TaxCategory.OUTSIDE, Decimal(0))


@dataclass(frozen=True)
class Payer:
    """An account whose bills may have tax."""

    account_id: int
    currency: str
    country: str  # of its issuer; "" for the installation's, which never taxes


class _Own(NamedTuple):
    """What a class of fees has for itself; no per cent: nothing any more."""

    percent: Decimal | None
    sentence: str


class _Party(NamedTuple):
    """Where a merchant is, and its tax number."""

    country: str
    tax_number: str


class _Since(NamedTuple):
    """A value that holds from a day on."""

    day: date
    value: Any


def payers(account_ids: Iterable[int]) -> dict[int, Payer]:
    """Those of these accounts whose bills may have tax, by their primary keys."""
    rows = prepared.rows(TAXED, {"accounts": list(account_ids)})
    return {row[0]: Payer(*row) for row in rows}


class Taxation:
    """The rates by which the bills of these payers that are written from now on are taxed, read
    once for all of them.
    """

    def __init__(self, payers: Mapping[int, Payer]) -> None:
        self.payers = payers
        self._rates = _rates({payer.country for payer in payers.values()})
        self._classes = _classes()
        self._parties = _parties(payers)
        self._treatments = _treatments(payers)

    def rate(self, account_id: int, fee: str, on: date) -> Rate | None:
        """The rate by which a service of this day for the fee with this code is taxed in the
        account's bills; None for a fee that only settles what was billed, and while the issuer's
        country has no tax.
        """
        country = self.payers[account_id].country
        if fee in Fee.UNTAXED or self._own(country, TaxClass.STANDARD, on) is None:
            return None
        tax_class = TaxClass(_in_force(self._classes.get(fee, ()), on) or TaxClass.STANDARD)
        category = tax.category(self.treatment(account_id, on), tax_class)
        own = self._own(country, tax_class, on)
        if category == TaxCategory.STANDARD:
            own = own or self._own(country, TaxClass.STANDARD, on)
            assert own is not None
            return Rate(category, own.percent or Decimal(0))
        said = own.sentence if own and category in (TaxCategory.ZERO, TaxCategory.EXEMPT) else ""
        return Rate(category, Decimal(0), said)

    def treatment(self, account_id: int, on: date) -> Treatment:
        """How the merchant's services of this day are taxed: as operators decided, or else by the
        countries of both parties and the merchant's tax number. Rule 28.15.
        """
        decided = _in_force(self._treatments.get(account_id, ()), on)
        if decided:
            return Treatment(decided)
        known = self._parties.get(account_id, ())
        # Those that were confirmed first count for the days before, too.
        party = _in_force(known, on) or (known[0].value if known else None)
        country, number = (party.country, party.tax_number) if party else ("", "")
        return tax.derived(self.payers[account_id].country, country, number)

    def changes(self, account_id: int, fee: str) -> set[date]:
        """The days from which on a service for the fee with this code may have another rate in the
        account's bills than on the day before.
        """
        rates = self._rates.get(self.payers[account_id].country, {})
        return {
            since.day
            for history in (
                *rates.values(),
                self._classes.get(fee, ()),
                self._treatments.get(account_id, ()),
                self._parties.get(account_id, ())[1:],
            )
            for since in history
        }

    def _own(self, country: str, tax_class: TaxClass, on: date) -> _Own | None:
        """The rate that the country has for this class of fees on the day; None without one, or
        once it was ended.
        """
        found: _Own | None = _in_force(self._rates.get(country, {}).get(tax_class, ()), on)
        return found if found and found.percent is not None else None


def _in_force(history: Sequence[_Since], on: date) -> Any:
    """The value that holds on this day, of a history in the order of its days; None before its
    first day.
    """
    return next((since.value for since in reversed(history) if since.day <= on), None)


def _rates(countries: set[str]) -> dict[str, dict[str, list[_Since]]]:
    """The histories of the tax rates of these countries, by country and class."""
    found: dict[str, dict[str, list[_Since]]] = defaultdict(lambda: defaultdict(list))
    for country, tax_class, day, *own in prepared.rows(RATES, {"countries": list(countries)}):
        found[country][tax_class].append(_Since(day, _Own(*own)))
    return found


def _classes() -> dict[str, list[_Since]]:
    """The histories of the tax classes of fees, by the fee's code."""
    return _histories(prepared.rows(CLASSES, ()))


def _parties(account_ids: Iterable[int]) -> dict[int, list[_Since]]:
    """The histories of the countries and tax numbers in the confirmed billing details of these
    accounts, by the account's key.
    """
    rows = prepared.rows(PARTIES, {"accounts": list(account_ids)})
    return _histories((account, day or date.min, _Party(*party)) for account, day, *party in rows)


def _treatments(account_ids: Iterable[int]) -> dict[int, list[_Since]]:
    """The histories of the tax treatments that operators decided for these accounts, by the
    account's key.
    """
    return _histories(prepared.rows(TREATMENTS, {"accounts": list(account_ids)}))


def _histories(rows: Iterable[tuple[Any, ...]]) -> dict[Any, list[_Since]]:
    """The histories of these rows, which are in the order of their days: each says whose it is, the
    day and the value.
    """
    found: dict[Any, list[_Since]] = defaultdict(list)
    for whose, day, value in rows:
        found[whose].append(_Since(day, value))
    return found
