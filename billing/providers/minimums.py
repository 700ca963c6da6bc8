"""The least amount that a provider collects in one payment (rule 15.11).

No bill is issued for less, and a rest of a bill that is less is not collected: it waits for a
transfer or for unapplied money.
"""

from decimal import Decimal

from moneyed import Money

from billing.models import BillingAccount
from lib import money

# Stripe's published minimum charges (its "currencies" page). It names no least amount for any other
# currency, so bills in those are not collected by it; nor are those with three decimals, of which
# it takes only amounts that end in 0.
STRIPE = {
    "AED": Decimal("2.00"),
    "AUD": Decimal("0.50"),
    "BGN": Decimal("1.00"),
    "BRL": Decimal("0.50"),
    "CAD": Decimal("0.50"),
    "CHF": Decimal("0.50"),
    "CZK": Decimal("15.00"),
    "DKK": Decimal("2.50"),
    "EUR": Decimal("0.50"),
    "GBP": Decimal("0.30"),
    "HKD": Decimal("4.00"),
    "HUF": Decimal("175.00"),
    "INR": Decimal("0.50"),
    "JPY": Decimal("50"),
    "MXN": Decimal("10.00"),
    "MYR": Decimal("2.00"),
    "NOK": Decimal("3.00"),
    "NZD": Decimal("0.50"),
    "PLN": Decimal("2.00"),
    "RON": Decimal("2.00"),
    "SEK": Decimal("3.00"),
    "SGD": Decimal("0.50"),
    "THB": Decimal("10.00"),
    "USD": Decimal("0.50"),
}
# By method and currency; a method that is not here takes any amount of any currency.
MINIMUMS: dict[str, dict[str, Decimal]] = {BillingAccount.Method.STRIPE: STRIPE}
ROWS = [
    (str(method), currency, least)
    for method, currencies in MINIMUMS.items()
    for currency, least in currencies.items()
]
# The same as a relation (method, currency, least), for statements about many accounts.
RELATION = "(VALUES {}) AS minimum(method, currency, least)".format(
    ", ".join(f"('{method}', '{currency}', {least})" for method, currency, least in ROWS)
)


def minimum(account: BillingAccount) -> Money:
    """The least amount that the account's method collects in the account's currency; 0
    if no least amount is known for it. That does not mean that it collects any amount:
    Stripe collects nothing in a currency without a known least amount (`takes`). Rule
    15.11.
    """
    return least(account.payment_method, account.currency)


def least(method: str, currency: str) -> Money:
    """The least amount that a method collects in a currency; 0 if none is known. Rule 15.11."""
    return money.of(MINIMUMS.get(method, {}).get(currency, Decimal(0)), currency)


def is_too_little(account: BillingAccount, left: Money) -> bool:
    """Whether `left` is less than the account's provider collects; never where no least amount is
    known, as for transfers. Rule 15.13.
    """
    return left < minimum(account)


def takes(method: str, currency: str) -> bool:
    """Whether the method collects bills in this currency at all. Of methods without a list of least
    amounts, which is all but Stripe, it is always so.
    """
    return method not in MINIMUMS or currency in MINIMUMS[method]
