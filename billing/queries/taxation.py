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


# All that rates follow from, in the order in which it holds. It is read for each batch of bills,
# and so planned once for each connection.
RULES = """
SELECT what, account_id, subject, said, day, percent, sentence FROM (
    SELECT 'rate' AS what, NULL::bigint AS account_id, country AS subject, tax_class AS said,
           starts_on AS day, percent, sentence, starts_on AS since, id AS place
    FROM billing_taxrate WHERE country = ANY(%(countries)s)
    UNION ALL
    SELECT 'class', NULL, fee_id, tax_class, starts_on, NULL, '', starts_on, id
    FROM billing_feetaxclass
    UNION ALL
    SELECT 'party', account_id, country, tax_number, confirmed_on, NULL, '', NULL, version
    FROM billing_billingdetails
    WHERE account_id = ANY(%(accounts)s) AND status = 'CONFIRMED'
    UNION ALL
    SELECT 'treatment', account_id, '', treatment, starts_on, NULL, '', starts_on, id
    FROM billing_taxtreatment WHERE account_id = ANY(%(accounts)s)
) rule ORDER BY what, since, place
"""


class Rate(NamedTuple):
    """A category of tax with its per cent, and the sentence that is printed with it, if any."""

    category: str
    percent: Decimal
    sentence: str = ""


OUTSIDE = Rate(TaxCategory.OUTSIDE.value, Decimal(0))


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
    """Those of these accounts whose bills may have tax, by their primary keys: the country of their
    present issuer has a rate of tax, of whatever day, or they had another issuer before. The others
    are taxed nothing.
    """
    rows = prepared.rows(TAXED, {"accounts": list(account_ids)})
    return {row[0]: Payer(*row) for row in rows}


class Taxation:
    """The rates by which the bills of these payers that are written from now on are taxed, read
    once for all of them.
    """

    def __init__(self, payers: Mapping[int, Payer]) -> None:
        """Read the histories of rates, classes, parties and treatments that concern these payers,
        given by their accounts' keys.
        """
        self.payers = payers
        self._rates: dict[str, dict[str, list[_Since]]] = defaultdict(lambda: defaultdict(list))
        self._classes: dict[str, list[_Since]] = defaultdict(list)
        self._parties: dict[int, list[_Since]] = defaultdict(list)  # whom bills are made out to
        self._treatments: dict[int, list[_Since]] = defaultdict(list)  # as operators decided
        self._read()
        # What was asked before: most items of a batch are of few fees and days.
        self._known: dict[tuple[str, str, str, date], Rate | None] = {}
        self._changes: dict[tuple[str, str], set[date]] = {}

    def _read(self) -> None:
        """Read from the database all that the rates follow from: the rates of countries, the
        classes of fees, where merchants are, and what operators decided.
        """
        countries = {payer.country for payer in self.payers.values()}
        asked = {"countries": list(countries), "accounts": list(self.payers)}
        for what, account, subject, said, day, percent, sentence in prepared.rows(RULES, asked):
            if what == "rate":
                self._rates[subject][said].append(_Since(day, _Own(percent, sentence)))
            elif what == "class":
                self._classes[subject].append(_Since(day, said))
            elif what == "party":
                self._parties[account].append(_Since(day or date.min, _Party(subject, said)))
            else:
                self._treatments[account].append(_Since(day, said))

    def rate(self, account_id: int, fee: str, on: date) -> Rate | None:
        """The rate by which a service of this day for the fee with this code is taxed in the
        account's bills; None for a fee that only settles what was billed, and while the issuer's
        country has no tax. Where no tax is due for another reason, such as reverse charge, it is a
        rate of 0. Raises KeyError for an account that is none of the payers.
        """
        country = self.payers[account_id].country
        key = (country, self.treatment(account_id, on).value, fee, on)
        if key not in self._known:
            self._known[key] = self._found(*key)
        return self._known[key]

    def _found(self, country: str, treatment: str, fee: str, on: date) -> Rate | None:
        """The rate of a service of this day for a merchant with this treatment; None for a fee that
        only settles what was billed, and while the country has no tax.
        """
        if fee in Fee.UNTAXED or self._own(country, TaxClass.STANDARD, on) is None:
            return None
        tax_class = TaxClass(_in_force(self._classes.get(fee, ()), on) or TaxClass.STANDARD)
        category = tax.category(Treatment(treatment), tax_class)
        own = self._own(country, tax_class, on)
        if category == TaxCategory.STANDARD:
            own = own or self._own(country, TaxClass.STANDARD, on)
            assert own is not None
            return Rate(category.value, own.percent or Decimal(0))
        said = own.sentence if own and category in (TaxCategory.ZERO, TaxCategory.EXEMPT) else ""
        return Rate(category.value, Decimal(0), said)

    def treatment(self, account_id: int, on: date) -> Treatment:
        """How the merchant's services of this day are taxed: as operators decided, or else by the
        countries of both parties and the merchant's tax number, as its confirmed billing details
        had them on that day (before the first, as those have them; DOMESTIC without any). Raises
        KeyError for an account that is none of the payers. Rule 28.15.
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
        account's bills than on the day before. The set is not to be changed. Raises KeyError for an
        account that is none of the payers.
        """
        country = self.payers[account_id].country
        if (country, fee) not in self._changes:
            histories = (*self._rates.get(country, {}).values(), self._classes.get(fee, ()))
            self._changes[country, fee] = {since.day for one in histories for since in one}
        of_fee = self._changes[country, fee]
        own = (*self._treatments.get(account_id, ()), *self._parties.get(account_id, ())[1:])
        return of_fee.union(since.day for since in own) if own else of_fee

    def _own(self, country: str, tax_class: TaxClass, on: date) -> _Own | None:
        """The rate that the country has for this class of fees on the day; None without one, or
        once it was ended.
        """
        found: _Own | None = _in_force(self._rates.get(country, {}).get(tax_class, ()), on)
        return found if found and found.percent is not None else None


def _in_force(history: Sequence[_Since], on: date) -> Any:
    """The value that holds on this day: that of the last entry of the history that does not start
    later. The history is in the order in which its entries replace each other. None before the
    first day of all.
    """
    for since in reversed(history):
        if since.day <= on:
            return since.value
    return None
