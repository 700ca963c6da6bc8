"""Merchants for tests, and one-liners that send their events and read their books.

    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    assert shop.charge("2026-11-12 15:00", "shipping-label", "210.00") == "applied"
    shop.run_jobs("2026-11-13 00:00")
    assert shop.bills() == ["2026-11-12 THRESHOLD 210.00"]

Times are the merchant's own wall clock, unless they carry an offset; amounts are what events carry.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from factory.base import Factory
from factory.declarations import Sequence, Trait

from billing.models import BillingAccount
from credit.models import CreditLine, PayoutDestination
from gateway.events import apply_all
from lib import events, money
from merchants.models import Merchant, OperatorPolicy
from merchants.queries import operator_policy
from tests import books, ticks

ONE_HOUR = timedelta(hours=1)
TERMS: dict[str, Any] = {
    "name": "Rosewood Dresses",
    "currency": "USD",
    "timezone": "UTC",
    "language": "en",
    "credit_limit": "5000.00",
    "payment_days": 10,
    "settlement_days": 7,
    "billing_threshold": "200.00",
    "plan": "basic",
    "plan_price": "0",
    "plan_interval_days": 30,
}
OPTIONAL_TERMS = {"billing_currency", "payment_method"}
# Names for what a test does not name itself.
_numbers = count(1)

Sender = Callable[[dict[str, Any]], str]


def instant(text: str, zone: str = "UTC") -> datetime:
    """`text` as an instant in UTC: on the wall clock of `zone`, unless it carries an offset."""
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def apply(event: dict[str, Any], *, arriving: datetime | None = None) -> str:
    """Apply the event as it is sent; its outcome as words, such as `rejected conflict`."""
    parsed = events.from_object(event)
    (outcome,) = apply_all([parsed], now=arriving or parsed.at)
    return f"{outcome.status} {outcome.code}".strip()


def run_jobs(now: datetime) -> None:
    """Run the jobs of one tick of the timetable."""
    ticks.run(now)


def run_hourly(first: datetime, last: datetime) -> None:
    """Run the jobs of every tick of the timetable from `first` to `last`, both on the hour."""
    while first <= last:
        run_jobs(first)
        first += ONE_HOUR


class Shop:
    """One merchant, as the platform speaks of it; `sender` takes its events."""

    def __init__(self, reference: str, sender: Sender = apply, **terms: Any) -> None:
        self.reference, self.sender = reference, sender
        misspelt = terms.keys() - TERMS.keys() - OPTIONAL_TERMS
        assert not misspelt, misspelt  # the platform may send members unknown to us; a test may not
        self.terms: dict[str, Any] = TERMS | terms
        self.zone: str = self.terms["timezone"]
        self.currency: str = self.terms["currency"]
        self.billing_currency: str = self.terms.get("billing_currency") or self.currency

    def at(self, text: str) -> datetime:
        """The instant in UTC at which the shop's clock shows this."""
        return instant(text, self.zone)

    def send(self, kind: str, at: str, **data: Any) -> str:
        """Send an event of the shop's at this time of its clock: the outcome in words."""
        number = next(_numbers)
        when = self.at(at).isoformat()
        event = {"id": f"event-{number}", "type": kind, "at": when, "merchant": self.reference}
        return self.sender({**event, "data": data})

    def join(self, at: str) -> str:
        """Have the shop join with its terms."""
        return self.send("merchant.joined", at, **self.terms)

    def place(self, at: str, order: str, amount: str, **data: Any) -> str:
        """Place an order: the outcome in words."""
        content: dict[str, Any] = {
            "order": order,
            "buyer": "Somchai",
            "amount": amount,
            "instalments": 1,
        }
        content |= {"currency": self.currency, **data}
        return self.send("order.placed", at, **content)

    def ship(self, at: str, order: str) -> str:
        """Ship the order: the outcome in words."""
        return self.send("order.shipped", at, order=order)

    def deliver(self, at: str, order: str) -> str:
        """Deliver the order: the outcome in words."""
        return self.send("order.delivered", at, order=order)

    def cancel(self, at: str, order: str, reason: str = "changed my mind") -> str:
        """Cancel the order: the outcome in words."""
        return self.send("order.cancelled", at, order=order, reason=reason)

    def pay(self, at: str, order: str, amount: str, payment: str = "", **data: Any) -> str:
        """Pay so much of the order, in the line's currency: the outcome in words."""
        content = {"payment": payment or f"payment-{next(_numbers)}", "amount": amount}
        content |= {"currency": self.currency, **data}
        return self.send("order.paid", at, order=order, **content)

    def refund(self, at: str, order: str, amount: str, refund: str = "", **data: Any) -> str:
        """Refund so much of the order, in the line's currency: the outcome in words."""
        content = {"refund": refund or f"refund-{next(_numbers)}", "amount": amount}
        content |= {"currency": self.currency, **data}
        return self.send("order.refunded", at, order=order, **content)

    def charge(self, at: str, fee: str, amount: str, charge: str = "", **data: Any) -> str:
        """Charge a fee, in the billing account's currency: the outcome in words."""
        content: dict[str, Any] = {
            "charge": charge or f"charge-{next(_numbers)}",
            "fee": fee,
            "amount": amount,
        }
        content |= {"currency": self.billing_currency, "request": "FR-1", "quantity": 1, **data}
        return self.send("charge.recorded", at, **content)

    def run_jobs(self, at: str) -> None:
        """Run the jobs of one tick of the timetable, at whatever instant of the shop's clock."""
        run_jobs(self.at(at))

    def run_hourly(self, first: str, last: str) -> None:
        """Run the jobs of the timetable's ticks from the hour `first` to the hour `last` of the
        shop's clock.
        """
        run_hourly(self.at(first), self.at(last))

    # What the books say, read anew each time.

    @property
    def merchant(self) -> Merchant:
        return Merchant.objects.get(reference=self.reference)

    @property
    def line(self) -> CreditLine:
        return CreditLine.objects.get(merchant__reference=self.reference)

    @property
    def account(self) -> BillingAccount:
        return BillingAccount.objects.get(merchant__reference=self.reference)

    @property
    def destination(self) -> PayoutDestination:
        """The newest of the destinations that the shop can be paid out to."""
        destination = self.line.destinations.order_by("pk").last()
        assert destination is not None
        return destination

    def books(self) -> dict[str, Any]:
        """All that the books say of the shop."""
        return books.of_merchant(self.merchant)

    def limit(self) -> tuple[str, str, str]:
        """The line's limit, used and available, as figures."""
        line = self.line
        figures = (line.limit, line.used, line.available)
        return tuple(money.text(figure) for figure in figures)  # type: ignore[return-value]

    def proceeds(self) -> str:
        """The shop's proceeds, as a figure."""
        return money.text(self.line.proceeds)

    def order(self, reference: str) -> tuple[str, str]:
        """The order's status and what of it is outstanding."""
        order = self.line.orders.get(reference=reference)
        return str(order.status), money.text(order.outstanding)

    def frozen_by(self) -> list[str]:
        """The reasons of the freezes in force."""
        return sorted(self.line.freezes.filter(lifted_at=None).values_list("reason", flat=True))

    def figures(self) -> tuple[str, str]:
        """What is outstanding and accruing, as figures."""
        account = self.account
        figures = (account.outstanding, account.accruing)
        return tuple(money.text(figure) for figure in figures)  # type: ignore[return-value]

    def invoices(self) -> list[str]:
        """`date KIND total` of each bill, in the order of issue."""
        return [f"{b['date']} {b['kind']} {b['total']}" for b in books.invoices(self.account)]

    def lines(self, date: str, kind: str) -> list[str]:
        """`fee posting-day amount` of each line of the bills of this date and kind."""
        return [
            f"{fee} {posting_on} {amount}"
            for invoice in books.invoices(self.account)
            if (invoice["date"], invoice["kind"]) == (date, kind)
            for fee, posting_on, amount, _ in invoice["lines"]
        ]

    def statement(self, month: str) -> tuple[bool, dict[str, tuple[int, str]]] | None:
        """Whether the statement is closed, and count and total by category; None when there is
        none.
        """
        found = books.statements(self.account).get(month)
        if found is None:
            return None
        return found["closed"], {
            category: (total["count"], total["total"])
            for category, total in found["categories"].items()
        }


HIGH = Decimal(10) ** 16


def let_one_decide(*currencies: str) -> None:
    """Introduce a policy for each of these currencies that has none, by which one operator goes as
    far as any test that is about something else.
    """
    for currency in currencies:
        if operator_policy(currency, date.max) is None:
            figures = dict.fromkeys(OperatorPolicy.figure_names(), HIGH)
            OperatorPolicy(currency=currency).next_version(1, date(2000, 1, 1), figures).save()


class ShopFactory(Factory[Shop]):
    """A merchant that joined `at`, with its line and its account, by the platform's event.

    One operator decides alone about it (let_one_decide), unless there is an operator policy of its
    currencies before. What is not named of its terms is as in TERMS; its plan costs nothing unless
    a price is named.
    """

    class Meta:
        model = Shop

    class Params:
        # A bill of 39.00 comes as it joins, and the next one a year later.
        is_billed = Trait(plan_price="39.00", plan_interval_days=365)

    reference = Sequence("shop-{}".format)
    at = "2026-11-01 10:00"
    one_decides = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """A shop that has joined; one person decides alone about it, unless told otherwise."""
        at, is_for_one = kwargs.pop("at"), kwargs.pop("one_decides")
        shop = Shop(**kwargs)
        if is_for_one:
            let_one_decide(shop.currency, shop.billing_currency)
        assert shop.join(at) == "applied"
        return shop


def join(at: str, reference: str = "rosewood", **terms: Any) -> Shop:
    """A shop that joins at this time of its clock: that of most tests, or another of which the name
    is read; any: ShopFactory.create().
    """
    return ShopFactory.create(at=at, reference=reference, **terms)
