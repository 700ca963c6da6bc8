"""By which rate each day's services of an account are taxed (rule 28.13 to rule 28.15)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from billing import tax
from billing.models import BillingDetails, Fee, FeeTaxClass, TaxRate, TaxTreatment
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


class _Since(NamedTuple):
    """A value that holds from a day on."""

    day: date
    value: Any


def payers(account_ids: Iterable[int]) -> dict[int, Payer]:
    """Those of these accounts whose bills may have tax, by their keys."""
    rows = prepared.rows(TAXED, {"accounts": list(account_ids)})
    return {row[0]: Payer(*row) for row in rows}


class Taxation:
    """The rates by which these payers' bills are taxed from now on."""

    def __init__(self, payers: Mapping[int, Payer]) -> None:
        self.payers = payers
        self._rates = _rates({payer.country for payer in payers.values()})
        self._classes = _classes()
        self._parties = _parties(payers)
        self._treatments = _treatments(payers)

    def rate(self, account_id: int, fee: str, on: date) -> Rate | None:
        """The rate of a service of this day; None for a fee that only settles what was billed, and
        while the issuer's country has no tax.
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
        """How the merchant is treated on this day. Rule 28.15."""
        decided = _in_force(self._treatments.get(account_id, ()), on)
        if decided:
            return Treatment(decided)
        known = self._parties.get(account_id, ())
        # Those that were confirmed first count for the days before, too.
        party = _in_force(known, on) or (known[0].value if known else None)
        country, number = (party.country, party.tax_number) if party else ("", "")
        return tax.derived(self.payers[account_id].country, country, number)

    def changes(self, account_id: int, fee: str) -> set[date]:
        """The days from which on a service of this fee may have another rate than on the day
        before.
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

    def _own(self, country: str, tax_class: TaxClass, on: date) -> TaxRate | None:
        """The rate that a class has for itself; None without one."""
        found: TaxRate | None = _in_force(self._rates.get(country, {}).get(tax_class, ()), on)
        return found if found and found.percent is not None else None


def _in_force(history: Sequence[_Since], on: date) -> Any:
    """What holds on this day, of values in the order of their days."""
    return next((since.value for since in reversed(history) if since.day <= on), None)


def _rates(countries: set[str]) -> dict[str, dict[str, list[_Since]]]:
    """The rates of these countries by class."""
    found: dict[str, dict[str, list[_Since]]] = defaultdict(lambda: defaultdict(list))
    for one in TaxRate.objects.filter(country__in=countries).order_by("starts_on", "pk"):
        found[one.country][one.tax_class].append(_Since(one.starts_on, one))
    return found


def _classes() -> dict[str, list[_Since]]:
    """The tax classes of fees."""
    found: dict[str, list[_Since]] = defaultdict(list)
    for one in FeeTaxClass.objects.order_by("starts_on", "pk"):
        found[one.fee_id].append(_Since(one.starts_on, one.tax_class))
    return found


def _parties(account_ids: Iterable[int]) -> dict[int, list[_Since]]:
    """Whom each account's bills are made out to."""
    found: dict[int, list[_Since]] = defaultdict(list)
    confirmed = BillingDetails.objects.filter(
        account__in=list(account_ids), status=BillingDetails.Status.CONFIRMED
    )
    for one in confirmed.order_by("version"):
        found[one.account_id].append(_Since(one.confirmed_on or date.min, one))
    return found


def _treatments(account_ids: Iterable[int]) -> dict[int, list[_Since]]:
    """How operators have each account treated."""
    found: dict[int, list[_Since]] = defaultdict(list)
    decided = TaxTreatment.objects.filter(account__in=list(account_ids))
    for one in decided.order_by("starts_on", "pk"):
        found[one.account_id].append(_Since(one.starts_on, one.treatment))
    return found
