"""The trade of the shops from the first day of the season to now, as events."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from config.local.demo.shops import PRICES, TRANSACTION_SHARE, DeclinedOrder, Shop
from lib import calendar, money

MONTHS = 3  # before the current one, so that each shop has seen as many reviews
FULFILMENT = ("pick-pack", "packaging", "shipping-label", "transaction-fee")  # of every order

TimedEvent = tuple[datetime, dict[str, Any]]


class Days:
    """The days of a shop's season. Day 0 is the first one, and `last` is the number of today."""

    def __init__(self, shop: Shop, now: datetime) -> None:
        self.zone = shop.zone
        self.today = now.astimezone(shop.zone).date()
        self.first: date = calendar.month_of(self.today)
        for _ in range(MONTHS):
            self.first = calendar.month_of(self.first - calendar.ONE_DAY)
        self.last = (self.today - self.first).days

    def at(self, day: int, hour: float) -> datetime:
        """The instant on day number `day` of the season, at this hour (15.5 is half past three) of
        the shop's time zone.
        """
        midnight = datetime.combine(self.first, time.min, self.zone)
        return midnight + timedelta(days=day, hours=hour)

    def ago(self, days: int, hour: float) -> datetime:
        """The instant so many days before today, at this hour (15.5 is half past three) of the
        shop's time zone.
        """
        return self.at(self.last - days, hour)


def events(shops: Sequence[Shop], now: datetime) -> list[str]:
    """The events of all shops before `now`, as lines of JSON in the order of time."""
    timed = [event for shop in shops for event in _Season(shop, now).events() if event[0] < now]
    timed.sort(key=lambda event: event[0])
    return [json.dumps(event, ensure_ascii=False) for _, event in timed]


class _Season:
    """Makes the events of one shop. Its random numbers are drawn from a seed of its own."""

    def __init__(self, shop: Shop, now: datetime) -> None:
        self.shop = shop
        self.days = Days(shop, now)
        self.luck = random.Random(shop.reference)
        self.prefix = shop.reference[:2].upper()

    def _event(self, at: datetime, event_type: str, key: str, /, **data: Any) -> TimedEvent:
        """(instant, event) for an event of this shop with this type and data; `key` makes its id
        unique among the shop's events of this type.
        """
        event_id = f"{event_type}:{self.shop.reference}:{key}"
        return at, {
            "id": event_id, "type": event_type, "at": at.isoformat(),
            "merchant": self.shop.reference, "data": data,
        }  # fmt: skip

    def events(self) -> Iterator[TimedEvent]:
        """Yield all events of the season, those after now included, in no order of time."""
        at = self.days.at
        yield self._event(at(0, 8), "merchant.joined", "joined", **self.shop.terms)
        for day in range(self.days.last + 1):
            if day % 30 == 0:
                yield self._metrics(day)
            if day % 7 == 2:
                yield self._charge(at(day, 16), f"receiving-{day}", "receiving", "", 6)
            if day % 7 == 5:
                yield self._charge(at(day, 17), f"app-usage-{day}", "app-usage", "", 120)
            if day % 30 == 25:
                yield self._charge(at(day, 12), f"storage-{day}", "storage", "", 40)
            for number in range(self._orders_of(day)):
                yield from self._order(day, f"{self.prefix}-{day:03}{number:02}")
        if self.shop.unpaid_order:
            yield from self._late_order(40)
        if self.shop.rework_days_ago:
            rework = self.days.ago(self.shop.rework_days_ago, 11)
            yield self._charge(rework, "rework", "non-compliance", f"{self.prefix}-REWORK", 8)
        for number, refused in enumerate(self.shop.refused, start=1):
            yield self._declined_order(f"{self.prefix}-BIG{number}", refused)

    def _orders_of(self, day: int) -> int:
        """How many orders the shop gets on day number `day`: drawn at random, and more on later
        days if the shop grows.
        """
        grown = 1 + self.shop.growth * day / max(self.days.last, 1)
        return round(self.luck.uniform(0, 2 * self.shop.orders_a_day * grown))

    def _late_order(self, day: int) -> Iterator[TimedEvent]:
        """Yield the events of a large order, placed on day number `day`, whose buyer pays a week
        after the due date.
        """
        name, at = f"{self.prefix}-FAIR", self.days.at
        what = {"order": name, "amount": self.shop.unpaid_order, "currency": self.shop.currency}
        yield self._event(at(day, 9), "order.placed", name, buyer="buyer-fair", **what)
        yield self._event(at(day, 15), "order.shipped", name, order=name)
        yield self._event(at(day + 1, 11), "order.delivered", name, order=name)
        yield self._event(at(day + 18, 10), "order.paid", name, payment=f"{name}-P", **what)

    def _declined_order(self, reference: str, declined: DeclinedOrder) -> TimedEvent:
        """The event that places an order with this reference and the figures of `declined`. The
        line will decline it, since it is too large or its buyer too risky.
        """
        return self._event(
            self.days.ago(declined.days_ago, 11), "order.placed", reference, order=reference,
            buyer="buyer-new", amount=declined.amount, currency=self.shop.currency,
            buyer_risk=declined.buyer_risk,
        )  # fmt: skip

    def _metrics(self, day: int) -> TimedEvent:
        """The event with the shop's rating and other metrics on day number `day`."""
        return self._event(
            self.days.at(day, 8.5), "shop.metrics", str(day),
            rating=f"{self.shop.rating + self.luck.random() * 0.15:.2f}",
            listing_quality=80 + day // 10,
            profile_completeness=90, after_sales=self.luck.randint(80, 96),
        )  # fmt: skip

    def _charge(
        self, at: datetime, name: str, fee: str, request: str, times: int = 1, sale: str = "0"
    ) -> TimedEvent:
        """The event of a charge of `times` units of the fee, with the reference `name`, for this
        request. It has no amount, so that the fee's price applies; only a fee without a price, the
        one for a sale, gets a share of `sale`, the sale's amount.
        """
        given = {}
        if fee not in PRICES[self.shop.currency]:
            share = money.rounded(Decimal(sale) * TRANSACTION_SHARE, self.shop.currency)
            given = {"amount": money.figure_text(share, self.shop.currency)}
        return self._event(
            at, "charge.recorded", name, charge=name, fee=fee, request=request, quantity=times,
            currency=self.shop.currency, **given,
        )  # fmt: skip

    def _order(self, day: int, name: str) -> Iterator[TimedEvent]:
        """Yield the events of an order with this reference, placed on day number `day`: placed, and
        then either cancelled, or shipped with its charges, delivered and paid. What happens is
        drawn at random.
        """
        luck = self.luck
        amount = f"{self.shop.price * luck.uniform(0.3, 2.2):.2f}"
        placed = self.days.at(day, luck.uniform(8, 22))
        yield self._event(
            placed, "order.placed", name, order=name, buyer=f"buyer-{luck.randint(1, 60):03}",
            amount=amount, currency=self.shop.currency, instalments=luck.choice([1, 1, 1, 3]),
            buyer_risk=luck.choice([0, 1, 1, 1, 2, 2]),
        )  # fmt: skip
        if luck.random() < 0.04:
            at = placed + timedelta(hours=luck.uniform(1, 20))
            yield self._event(at, "order.cancelled", name, order=name, reason="buyer changed mind")
            return
        shipped = placed + timedelta(hours=luck.uniform(6, 40))
        yield self._event(shipped, "order.shipped", name, order=name)
        for fee in FULFILMENT:
            yield self._charge(shipped, f"{name}-{fee}", fee, name, sale=amount)
        delivered = shipped + timedelta(days=luck.uniform(1, 5))
        yield self._event(delivered, "order.delivered", name, order=name)
        days_to_pay = (
            luck.uniform(12, 25) if luck.random() < self.shop.late_share else self.shop.days_to_pay
        )
        paid = delivered + timedelta(days=days_to_pay * luck.uniform(0.4, 1))
        yield self._event(
            paid, "order.paid", name, order=name, payment=f"{name}-P", amount=amount,
            currency=self.shop.currency,
        )  # fmt: skip
