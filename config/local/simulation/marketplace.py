"""Which shops trade, and how what they do is told."""

import secrets
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from moneyed import Money

from config.local.demo.shops import SHOPS
from config.local.simulation.asking import Asker
from config.local.simulation.trade import MOST_ORDERS, Shop

PREFIX = "sim-"  # of all references, by which orders of an earlier simulation are known
TERMS = {"payment_days": 10, "settlement_days": 7, "plan": "basic", "payment_method": "sandbox"}
# Where there are no demo shops, these are taken in. They join with the same terms each time, which
# makes them known, and not new.
OWN_SHOPS: dict[str, dict[str, Any]] = {
    "harbour-books": {
        "name": "Harbour Books", "currency": "USD", "timezone": "Europe/London", "language": "en",
        "credit_limit": "10000.00", "billing_threshold": "150.00", "plan_price": "29.00",
        "plan_interval_days": 30, **TERMS,
    },
    "lanna-teas": {
        "name": "Lanna Teas", "currency": "THB", "timezone": "Asia/Bangkok", "language": "th",
        "credit_limit": "200000.00", "billing_threshold": "5000.00", "plan_price": "990.00",
        "plan_interval_days": 30, **TERMS,
    },
}  # fmt: skip
WORDS = {
    "place": "placed", "ship": "shipped", "deliver": "delivered", "cancel": "cancelled",
    "pay in part": "paid in part", "pay": "paid", "refund": "refunded", "pick": "picked",
    "label": "labels", "fee": "fees",
}  # fmt: skip


class NoShops(Exception):
    """No shop can trade; the message says why."""


class Marketplace:
    """Shops that trade with buyers, one step at a time."""

    def __init__(self, asker: Asker, chance: Random) -> None:
        self._asker, self._chance = asker, chance
        run = f"{PREFIX}{secrets.token_hex(4)}"
        self._names = (f"{run}-{number}" for number in count(1))
        self.shops: list[Shop] = []

    def open(self) -> list[str]:
        """Let the demo's shops trade or, if the server has none of them, shops of the simulation's
        own, which are taken in. Shops without a limit, and closed ones, are left out.

        Returns the references of the shops that trade. Raises NoShops, ToldToEnd and NotLetIn.
        """
        known = [shop.reference for shop in SHOPS if self._is_known(shop.reference)]
        opened = [reference for reference in known or self._take_in() if self._add(reference)]
        if not opened:
            raise NoShops("No shop here has a limit that is open to orders.")
        return opened

    def step(self) -> None:
        """Let one thing happen at one of the shops, chosen at random. Raises ToldToEnd and
        NotLetIn.
        """
        self._chance.choice(self.shops).step()

    def told(self) -> Counter[str]:
        """How often each kind of step was told to the server since the shops opened."""
        return sum((shop.told for shop in self.shops), Counter())

    def _is_known(self, reference: str) -> bool:
        """Whether the server has a merchant with this reference. Raises ToldToEnd and NotLetIn."""
        return self._asker.ask("GET", f"merchants/{reference}").is_taken

    def _take_in(self) -> Iterable[str]:
        """Have the server take in the simulation's own shops, and yield their references. Raises
        NoShops if it refuses one, ToldToEnd and NotLetIn.
        """
        for reference, terms in OWN_SHOPS.items():
            answer = self._asker.ask("POST", "merchants", {"merchant": reference, **terms})
            if not answer.is_taken:
                raise NoShops(f"{reference} is not taken in: {answer.said.get('detail')}")
            yield reference

    def _add(self, reference: str) -> bool:
        """Let the shop with this reference trade, and go on with its open orders of an earlier
        simulation, MOST_ORDERS at most. Returns False, and adds nothing, if it has no limit or is
        closed. Raises ToldToEnd and NotLetIn.
        """
        line = self._asker.ask("GET", f"merchants/{reference}/credit-line").said
        limit = Money(Decimal(line["limit"]), line["currency"])
        if not limit.amount or line["closed_at"]:
            return False
        shop = Shop(self._asker, reference, limit, self._names, self._chance)
        path = f"merchants/{reference}/orders?status=OPEN&limit=100"
        for row in self._asker.ask("GET", path).said["rows"]:
            if row["reference"].startswith(PREFIX) and len(shop.orders) < MOST_ORDERS:
                shop.resume(row)
        self.shops.append(shop)
        return True


def sentence(told: Counter[str]) -> str:
    """How often each kind of step was told to the server, most often first, such as `12 placed, 9
    paid`; "nothing" if `told` is empty.
    """
    return (
        ", ".join(f"{times} {_in_words(step)}" for step, times in told.most_common()) or "nothing"
    )


def _in_words(step: str) -> str:
    """The kind of step, such as "place", "pay refused (CODE)" or "place declined (CODE)", as a word
    or two of the sentence; a kind without a word of its own stays as it is.
    """
    first, *more = step.split(" declined")
    if more:
        return f"declined{more[0]}"
    return WORDS.get(first, step)
