"""The chapter of fee prices: a list for each currency from the first day on, and a price that is
about to change.
"""

from collections.abc import Iterator

from config.local.demo import actions
from config.local.demo.actions import Action
from config.local.demo.season import Days
from config.local.demo.shops import PRICES, Shop
from lib import calendar

NEW_LABELS = {"CNY": "13.90", "THB": "64.00", "USD": "9.40"}
CARRIERS = "The carriers' rates rise."


def chapter(shop: Shop, days: Days) -> Iterator[Action]:
    """Yield the actions that introduce all prices in the shop's currency, and, a few days ago, a
    dearer price of shipping labels from next month on.

    Prices are for all shops of a currency: for the second shop these find the prices introduced.
    """
    currency = shop.currency
    for fee, unit in PRICES[currency].items():
        act = actions.price(fee, currency, unit, from_on=days.first, reason="The list of prices.")
        yield Action(days.at(0, 9), act)
    to_come = calendar.next_month(calendar.month_of(days.today))
    dearer = actions.price(
        "shipping-label", currency, NEW_LABELS[currency], from_on=to_come, reason=CARRIERS
    )
    yield Action(days.ago(6, 9), dearer)
