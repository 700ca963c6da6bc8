"""The trade of one shop: its orders, and what becomes of each.

An order comes with its story, the steps that are still to be told of it. All stories end with an
order that holds nothing, so that the line never fills up; a shop keeps no more than a few at once.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from moneyed import Money

from config.local.demo.shops import PRICES, TRANSACTION_SHARE
from config.local.simulation.asking import Answer, Asker
from lib import money

MOST_ORDERS = 20  # of a shop at once
NEW_ORDERS = 0.25  # share of steps that are new orders
SMALLEST, LARGEST = 0.005, 0.03  # an order, as a share of the limit
TOO_LARGE, RISKY = 0.05, 0.03  # shares of orders that are declined for that
CANCELLED, IN_TWO_PARTS, REFUNDED = 0.08, 0.3, 0.1  # shares of orders
HIGH_RISK = 3
BUYERS = 100_000  # so many that few order twice on a day


@dataclass
class Order:
    """An order that was accepted, with the steps that are still to be told about it."""

    reference: str
    amount: Money
    outstanding: Money
    story: deque[str]


class Shop:
    """A shop that trades. `names` yields references that nobody has used yet."""

    def __init__(
        self, asker: Asker, merchant: str, limit: Money, names: Iterator[str], chance: Random
    ) -> None:
        self._asker, self._merchant, self._limit = asker, merchant, limit
        self._names, self._chance = names, chance
        self._currency = limit.currency.code
        self.orders: list[Order] = []
        self.told: Counter[str] = Counter()  # of each kind of step, how many

    def resume(self, row: dict[str, Any]) -> None:
        """Go on with an open order of an earlier simulation, with a new story without the steps
        that it shows as done; `row` is the order as the API lists it.
        """
        story = _sale(self._chance)
        if row["delivered_at"]:
            _pass_over(story, "deliver")
        elif row["shipped_at"]:
            _pass_over(story, "label")
        amount, outstanding = self._money(row["amount"]), self._money(row["outstanding"])
        self.orders.append(Order(row["reference"], amount, outstanding, story))

    def step(self) -> None:
        """Tell the server of one thing that happened: a new order, or the next step of an order
        chosen at random, and count it in `told`. An order whose story has ended, or whose step the
        server refused, is dropped. Raises ToldToEnd and NotLetIn.
        """
        is_new = not self.orders or self._chance.random() < NEW_ORDERS
        if is_new and len(self.orders) < MOST_ORDERS:
            self._place()
            return
        order = self._chance.choice(self.orders)
        step = order.story.popleft()
        answer = self._tell(step, order)
        self.told[step if answer.is_taken else f"{step} refused ({answer.code})"] += 1
        if not order.story or not answer.is_taken:
            self.orders.remove(order)

    def _place(self) -> None:
        """Place a new order at the server, and count it in `told`; a few are so large or so risky
        that they are declined. One that is accepted is kept with its story. Raises ToldToEnd and
        NotLetIn.
        """
        drawn = self._chance.random()
        share = self._chance.uniform(SMALLEST, LARGEST)
        if drawn < TOO_LARGE:
            share = 1.5
        amount = self._share_of(self._limit, Decimal(share))
        reference = next(self._names)
        body = {
            "merchant": self._merchant,
            "order": reference,
            "buyer": f"buyer-{self._chance.randrange(BUYERS)}",
            **_said(amount),
            "buyer_risk": HIGH_RISK if TOO_LARGE <= drawn < TOO_LARGE + RISKY else 1,
        }
        answer = self._asker.ask("POST", "orders", body)
        if answer.said.get("status") == "OPEN":
            self.told["place"] += 1
            self.orders.append(Order(reference, amount, amount, _story(self._chance)))
        else:
            self.told[f"place declined ({answer.code})"] += 1

    def _tell(self, step: str, order: Order) -> Answer:
        """Tell the server of this step of the order, and return its answer. Raises ToldToEnd and
        NotLetIn.
        """
        address = f"merchants/{self._merchant}/orders/{order.reference}"
        match step:
            case "ship":
                return self._asker.ask("POST", f"{address}/shipment")
            case "deliver":
                return self._asker.ask("POST", f"{address}/delivery")
            case "cancel":
                return self._asker.ask(
                    "POST", f"{address}/cancellation", {"reason": "Out of stock"}
                )
            case "pay" | "pay in part":
                return self._pay(address, order, in_part=step == "pay in part")
            case "refund":
                back = self._share_of(order.amount, Decimal("0.3"))
                body = {"refund": next(self._names), **_said(back)}
                return self._asker.ask("POST", f"{address}/refunds", body)
            case "pick":
                return self._charge(order, "pick-pack", self._price("pick-pack"), "Picked, packed")
            case "label":
                price = self._price("shipping-label")
                return self._charge(order, "shipping-label", price, "Standard, 1 kg")
            case _:
                fee = self._share_of(order.amount, TRANSACTION_SHARE)
                return self._charge(order, "transaction-fee", fee, "Share of the sale")

    def _pay(self, address: str, order: Order, *, in_part: bool) -> Answer:
        """Tell the server that the buyer paid half of what is outstanding of the order (`in_part`),
        or all of it, and take that off the order's outstanding amount, whatever the server answers.
        `address` is the order's path in the API.
        """
        amount = order.outstanding
        if in_part:
            amount = self._share_of(amount, Decimal("0.5"))
        body = {"payment": next(self._names), **_said(amount)}
        answer = self._asker.ask("POST", f"{address}/payments", body)
        order.outstanding -= amount
        return answer

    def _charge(self, order: Order, fee: str, amount: Money, description: str) -> Answer:
        """Tell the server of a charge of the fee with this amount and description, whose request is
        the order.
        """
        body = {
            "merchant": self._merchant,
            "charge": next(self._names),
            "fee": fee,
            "request": order.reference,
            "description": description,
            **_said(amount),
        }
        return self._asker.ask("POST", "charges", body)

    def _price(self, fee: str) -> Money:
        """The price of one unit of the fee in the shop's currency, by the demonstration's list."""
        return self._money(PRICES[self._currency][fee])

    def _share_of(self, amount: Money, share: Decimal) -> Money:
        """This share of the amount, rounded, but at least the smallest unit."""
        part = money.rounded(amount.amount * share, self._currency)
        return max(Money(part, self._currency), money.smallest(self._currency))

    def _money(self, text: str) -> Money:
        """The amount that the text writes, in the shop's currency."""
        return Money(Decimal(text), self._currency)


def _said(amount: Money) -> dict[str, str]:
    """The amount as members of a request's body: `amount` and `currency`."""
    return {"amount": money.text(amount), "currency": amount.currency.code}


def _story(chance: Random) -> deque[str]:
    """The steps that will be told of an order that was accepted, drawn at random: it is cancelled,
    or sent and paid.
    """
    return deque(["cancel"]) if chance.random() < CANCELLED else _sale(chance)


def _sale(chance: Random) -> deque[str]:
    """The steps that will be told of an order that is sent and paid, with its charges; some are
    paid in two parts, some refunded at the end, by chance.
    """
    story = ["pick", "ship", "label", "deliver"]
    if chance.random() < IN_TWO_PARTS:
        story.append("pay in part")
    story += ["pay", "fee"]
    if chance.random() < REFUNDED:
        story.append("refund")
    return deque(story)


def _pass_over(story: deque[str], step: str) -> None:
    """Remove the story's steps up to and including this one, which has to be in it."""
    while story.popleft() != step:
        pass
