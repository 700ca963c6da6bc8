"""Random histories of several merchants, as dirty as the platform's systems send them.

What both books and the reference reject for the same reason may be in them; where a wrong event can
be refused for two reasons, only one of them is given.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Event = dict[str, Any]

ZONES = (
    "UTC",
    "Asia/Bangkok",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/Havana",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Tokyo",
)
# Currency, its smallest amount as a divisor, and how many times a dollar's figures its figures are.
CURRENCIES = (("USD", 100, 1), ("JPY", 1, 100), ("KWD", 1000, 1), ("THB", 100, 5))
FEES = ("pick-pack", "storage", "shipping-label", "app-usage", "transaction-fee", "special-project")
TEXTS = ("order", "buyer", "payment", "refund", "charge", "request", "fee")
# How long after what they tell of events arrive; some clocks are ahead of ours.
LAGS = (
    *[timedelta(0)] * 6,
    *(timedelta(minutes=minutes) for minutes in (1, 40, 300, -4, -5, -6)),
    *(timedelta(days=days) for days in (1, 3, 12, 45)),
)
# Autumn 2017 to spring 2018: the clocks of Sao Paulo and Havana change on both sides.
START = datetime(2017, 9, 20, tzinfo=UTC)
# What operators do, among the events of Moving and of Decided.
CLOSE, REOPEN, ACT = "close", "reopen", "act"
CREDITS = (
    ("credit-pick-pack", "FULFILMENT_CREDIT"),
    ("credit-label", "SHIPPING_CREDIT"),
    ("credit-account", "ACCOUNT_CREDIT"),
)


class Merchant:
    """One merchant's random doings; `events` yields them in order of time."""

    def __init__(self, rng: random.Random, number: int, days: int, pace: int) -> None:
        self.rng, self.days, self.pace = rng, days, pace
        self.reference = f"shop-{number}"
        self.currency = rng.choice(CURRENCIES)
        self.billing = rng.choice((self.currency, self.currency, rng.choice(CURRENCIES)))
        self.orders: list[tuple[str, str]] = []  # reference, amount
        self.unpaid: list[tuple[str, str]] = []  # those a careful shop has not been paid for
        self.sent: list[Event] = []
        self.count = 0
        self.limit = rng.choice((500, 3000, 20000))  # in dollars
        self.is_careful = rng.random() < 0.5  # its buyers mostly pay, and its marks are good

    def events(self) -> Iterator[Event]:
        """Yields the merchant's history: it joins, and then events come by chance until the end."""
        at = START + timedelta(hours=self.rng.randrange(72), minutes=self.rng.randrange(60))
        end = START + timedelta(days=self.days)
        yield self._event("merchant.joined", at, self._terms())
        # Bursts at one instant, quiet weeks, and many events on the hour, when jobs run.
        gaps = tuple(self.pace * hours for hours in (0, 0, 0, 1, 2, 9, 40))
        while (at := at + timedelta(hours=self.rng.choice(gaps))) < end:
            if self.rng.random() < 0.3:
                at = at.replace(minute=self.rng.choice((0, 0, 15, 45, 59)))
            yield self._something(at)

    def _event(self, kind: str, at: datetime, data: dict[str, Any]) -> Event:
        """An event of this kind, which is kept for repeats."""
        self.count += 1
        event: Event = {"id": f"{self.reference}-{self.count}", "type": kind, "at": at.isoformat()}
        event |= {"merchant": self.reference, "data": data}
        self.sent.append(event)
        return event

    def _terms(self) -> dict[str, Any]:
        """The terms with which the merchant joins, by chance."""
        rng = self.rng
        times = self.currency[2], self.billing[2]
        return {
            "name": "Some shop",
            "currency": self.currency[0],
            "billing_currency": self.billing[0],
            "timezone": rng.choice(ZONES),
            "language": rng.choice(("en", "th", "zh-hans")),
            "credit_limit": str(self.limit * times[0]),
            "payment_days": rng.choice((0, 0, 3, 10)),
            "settlement_days": rng.choice((0, 7, 15)),
            "billing_threshold": str(rng.choice((1, 60, 200, 100_000)) * times[1]),
            "plan": "basic",
            "plan_price": str(rng.choice((0, 39, 500)) * times[1]),
            "plan_interval_days": rng.choice((30, 30, 45, 365)),
            "payment_method": rng.choice((None, "manual", "sandbox")),
        }

    def _something(self, at: datetime) -> Event:
        """Some event, mostly about orders."""
        makers = (self._order, self._order, self._step, self._step, self._payment, self._payment)
        others = (self._charge, self._charge, self._charge, self._refund, self._refund)
        rare = (self._metrics, self._repeat, self._repeat, self._other_content, self._nonsense)
        return self.rng.choice(makers * 3 + others + rare)(at)

    def _amount(self, currency: tuple[str, int, int], most: int) -> str:
        """An amount of up to `most`, in the currency's digits and scale."""
        _, smallest, times = currency
        parts = self.rng.choice((self.rng.randrange(1, most), self.rng.randrange(1, 9)))
        if smallest == 1 or self.rng.random() < 0.5:
            return str(parts * times)
        return f"{parts * times}.{self.rng.randrange(smallest):0{len(str(smallest)) - 1}}"

    def _order(self, at: datetime) -> Event:
        """A new order."""
        amount = self._amount(self.currency, self.rng.choice((900, self.limit // 2)))
        self.orders.append((f"order-{len(self.orders)}", amount))
        self.unpaid.append(self.orders[-1])
        data = {
            "order": self.orders[-1][0],
            "buyer": f"buyer-{self.rng.randrange(5)}",
            "amount": amount,
            "currency": self.currency[0],
            "instalments": self.rng.choice((1, 1, 1, 3, 6, 12)),
        }
        if self.rng.random() < 0.3:
            data["buyer_risk"] = self.rng.randrange(4)
        return self._event("order.placed", at, data)

    def _some_order(self) -> tuple[str, str]:
        """One of the orders, with its amount: mostly a late one, sometimes an early one, or one
        that is not there (yet).
        """
        if not self.orders or self.rng.random() < 0.04:
            return f"order-{len(self.orders) + self.rng.randrange(9)}", "10"
        whose = self.rng.choice((self.orders[-8:], self.orders[-8:], self.orders, self.orders[:5]))
        return self.rng.choice(whose)

    def _step(self, at: datetime) -> Event:
        """A shipment, delivery or cancellation of an order."""
        kinds = ("order.shipped", "order.delivered", "order.delivered", "order.cancelled")
        kind = self.rng.choice(kinds[:2] if self.is_careful else kinds)
        order = self.unpaid[0] if self.is_careful and self.unpaid else self._some_order()
        data = {"order": order[0]}
        if kind == "order.cancelled":
            data["reason"] = self.rng.choice(("out of stock", "changed my mind"))
        return self._event(kind, at, data)

    def _payment(self, at: datetime) -> Event:
        """A payment of an order, often of all of it."""
        order, whole = self._some_order()
        amount = whole if self.rng.random() < 0.5 else self._amount(self.currency, 600)
        if self.is_careful and self.unpaid and self.rng.random() < 0.9:
            order, amount = self.unpaid.pop(0)
        data = {"order": order, "amount": amount, "currency": self.currency[0]}
        data["payment"] = f"payment-{self.rng.randrange(self.count + 20)}"
        return self._event("order.paid", at, data)

    def _refund(self, at: datetime) -> Event:
        """A refund of an order."""
        order, whole = self._some_order()
        amount = whole if self.rng.random() < 0.3 else self._amount(self.currency, 300)
        data = {"order": order, "amount": amount, "currency": self.currency[0]}
        data["refund"] = f"refund-{self.rng.randrange(self.count + 20)}"
        return self._event("order.refunded", at, data)

    def _metrics(self, at: datetime) -> Event:
        """Metrics of a shop that does everything well, or middling, or badly."""
        shops = (("4.85", 90), ("4.8", 90), ("4.52", 50), ("3.9", 0))
        rating, least = self.rng.choice(shops[:3] if self.is_careful else shops[2:])
        data: dict[str, Any] = {"rating": rating}
        for mark in ("listing_quality", "profile_completeness", "after_sales"):
            data[mark] = str(self.rng.randrange(least, 101))
        return self._event("shop.metrics", at, data)

    def _charge(self, at: datetime) -> Event:
        """A charge; seldom of 0."""
        amount = "0" if self.rng.random() < 0.05 else self._amount(self.billing, 120)
        data = {
            "charge": f"charge-{self.count}",
            "fee": self.rng.choice(FEES),
            "request": f"request-{self.rng.randrange(40)}",
            "quantity": self.rng.choice((1, 3, "2.5")),
            "amount": amount,
            "currency": self.billing[0],
        }
        return self._event("charge.recorded", at, data)

    # What should not have been sent.

    def _repeat(self, at: datetime) -> Event:
        """An event of before under a new id."""
        earlier = self.rng.choice(self.sent)
        return self._event(earlier["type"], at, earlier["data"])

    def _other_content(self, at: datetime) -> Event:
        """An event of before with other content."""
        earlier = self.rng.choice(self.sent)
        other = {
            "order.placed": {"buyer": "somebody else"},
            "order.cancelled": {"reason": "another one"},
            "charge.recorded": {"request": "request-other"},
            "merchant.joined": {"name": "Another shop"},
            "order.refunded": {"amount": "3"},
            "shop.metrics": {"rating": "1"},
        }
        return self._event(earlier["type"], at, earlier["data"] | other.get(earlier["type"], {}))

    def _nonsense(self, at: datetime) -> Event:
        """An event with a value that cannot be."""
        event = self.rng.choice((self._order, self._payment, self._refund, self._charge))(at)
        several = "10.00001"  # too many digits for any currency
        wrong = self.rng.choice(
            (
                {"amount": "-5"},
                {"amount": several},
                {"amount": 12},
                {"amount": None},
                {"amount": "1,5"},
                {"currency": "EUR", "amount": "9"} | self._new_names(),
                {"order": ""} if "order" in event["data"] else {"fee": "no-such-fee"},
                {"buyer_risk": 7, "fee": "plan", "payment": "", "refund": ""},
                self._bad_text(event),
            )
        )
        event["data"] |= wrong
        return event

    def _bad_text(self, event: Event) -> dict[str, str]:
        """A reference or name that nothing can keep: too long, or of letters that are none."""
        texts = ("x" * 101, "a\0b", "half a letter: \ud800", "of two\nlines", "\x85")
        name = self.rng.choice([name for name in TEXTS if name in event["data"]])
        return {name: self.rng.choice(texts)}

    def _new_names(self) -> dict[str, str]:
        """References for a payment and a refund that were never used."""
        return {kind: f"{kind}-in-euro-{self.count}" for kind in ("payment", "refund")}


class Moving(Merchant):
    """A merchant that comes from elsewhere with open orders and proceeds, and that operators close
    and open again: CLOSE and REOPEN are no events, and stand among them for what they do.
    """

    def events(self) -> Iterator[Event]:
        """Yields a history in which open orders and proceeds are brought along first."""
        others = super().events()
        joined = next(others)
        yield joined
        at = datetime.fromisoformat(joined["at"])
        self.first_day = (at + timedelta(days=2)).date()  # that is later than today, in any zone
        for number in range(self.rng.randrange(3, 7)):
            yield self._brought(at + timedelta(minutes=10 * (number + 1)))
        is_closed, acted_at = False, at
        for event in others:
            yield event
            at = datetime.fromisoformat(event["at"])
            waits = timedelta(days=self.rng.choice((0, 3, 40)) if is_closed else 30)
            if acted_at + waits < at and self.rng.random() < 0.03:
                yield {"type": REOPEN if is_closed else CLOSE, "at": event["at"],
                       "merchant": self.reference}  # fmt: skip
                is_closed, acted_at = not is_closed, at
            if self.rng.random() < 0.01:
                yield self._brought(at)

    def _brought(self, at: datetime) -> Event:
        """An order or proceeds of elsewhere, once more, or with other content."""
        if self.rng.random() < 0.3:
            days = {self.first_day + timedelta(days=self.rng.randrange(20)) for _ in range(2)}
            return self._event("proceeds.opening", at, {
                "currency": self.currency[0],
                "available": self.rng.choice(("", "-")) + self._amount(self.currency, 400),
                "maturing": [
                    {"on": str(day), "amount": self._amount(self.currency, 90)}
                    for day in sorted(days)
                ],
            })  # fmt: skip
        brought = [event for event in self.sent if event["type"].endswith(".opening")]
        if brought and self.rng.random() < 0.2:
            earlier = self.rng.choice(brought)
            other = {"buyer": "somebody else"} if self.rng.random() < 0.4 else {}
            is_order = earlier["type"] == "order.opening"
            return self._event(earlier["type"], at, earlier["data"] | (other if is_order else {}))
        reference, amount = f"order-{len(self.orders)}", self._amount(self.currency, 600)
        paid = self.rng.choice(("0", amount, str(int(Decimal(amount)) // 3)))
        is_part = Decimal(paid) < Decimal(amount)
        if is_part:
            self.orders.append((reference, amount))
        return self._event("order.opening", at, {
            "order": reference, "buyer": f"buyer-{self.rng.randrange(5)}", "amount": amount,
            "currency": self.currency[0], "instalments": self.rng.choice((1, 1, 3)), "paid": paid,
        })  # fmt: skip


class Decided(Moving):
    """A merchant about which people decide, too: CLOSE, REOPEN and ACT are no events. An act has
    `what` (tests/reference/operators.py) and `to`.
    """

    def events(self) -> Iterator[Event]:
        """Yields a history with decisions of operators in it."""
        others, is_closed = super().events(), False
        joined = next(others)
        yield joined
        terms = joined["data"]
        # Two zones more than a day apart would leave days of no length, whose freezes have no day.
        self.zones = [zone for zone in ZONES if zone != "Pacific/Pago_Pago"]
        if terms["timezone"] == "Pacific/Pago_Pago":
            self.zones.remove("Pacific/Kiritimati")
        for event in others:
            yield event
            if event["type"] in (CLOSE, REOPEN):
                is_closed = event["type"] == CLOSE
            elif self.rng.random() < 0.12:
                what, to = self._decision()
                if self._may_decide(what, terms, is_closed=is_closed):
                    yield {"type": ACT, "what": what, "to": to, "at": event["at"],
                           "merchant": self.reference}  # fmt: skip

    def _may_decide(self, what: str, terms: dict[str, Any], *, is_closed: bool) -> bool:
        """Whether this may be decided here: jobs come rarely, and so do first attempts, so none of
        it is for who pays at once.
        """
        is_late = is_closed or terms["payment_method"] == "sandbox"
        return what not in ("credit", "void") or not is_late

    def _decision(self) -> tuple[str, Any]:
        """A decision: what, and its terms."""
        rng, times = self.rng, (self.currency[2], self.billing[2])
        small = Decimal(rng.choice((20, 200, 900)) * times[0])
        return rng.choice((
            ("zone", rng.choice(self.zones)),
            ("plan", (Decimal(rng.choice((0, 39, 250)) * times[1]), rng.choice((30, 31, 45, 90)))),
            ("threshold", Decimal(rng.choice((0, 1, 60, 200, 100_000)) * times[1])),
            ("credit", (*rng.choice(CREDITS), Decimal(rng.randrange(1, 150) * times[1]))),
            ("void", None),
            ("void", None),
            ("limit", Decimal(rng.choice((0, 700, 1200, 5000, 25_000)) * times[0])),
            ("days", (rng.choice((0, 2, 30)), rng.choice((0, 7, 15)))),
            ("pause", rng.random() < 0.3),
            ("caps", rng.choice(((None, None), (None, None), (small, None), (None, small * 2)))),
            ("freeze", rng.choice(("MANUAL", "SUSPECTED_FRAUD"))),
            ("lift", rng.choice(("MANUAL", "SUSPECTED_FRAUD", "OVERDUE"))),
            ("lift", rng.choice(("MANUAL", "SUSPECTED_FRAUD"))),
        ))  # fmt: skip


def events(
    seed: int, *, merchants: int, days: int, pace: int = 1, kind: type[Merchant] = Merchant
) -> list[Event]:
    """The doings of so many merchants in so many days, in order of time; slower by `pace`."""
    rng = random.Random(seed)
    shops = [kind(rng, number, days, pace) for number in range(merchants)]
    found = [event for shop in shops for event in shop.events()]
    return sorted(found, key=lambda event: datetime.fromisoformat(event["at"]))


def arrivals(
    seed: int, *, merchants: int, days: int, pace: int = 1
) -> list[tuple[datetime, Event]]:
    """The doings of `events` as they arrive live, each with the instant at which it does, in that
    order.

    Now and then an event is dated long before, such as before the order that it is about.
    """
    rng = random.Random(seed)
    found = []
    for event in events(seed, merchants=merchants, days=days, pace=pace):
        at = datetime.fromisoformat(event["at"])
        lag = timedelta(0) if event["type"] == "merchant.joined" else rng.choice(LAGS)
        if event["type"] != "merchant.joined" and rng.random() < 0.05:
            event |= {"at": (at - timedelta(days=rng.choice((1, 90, 400)))).isoformat()}
        found.append((at + lag, event))
    return sorted(found, key=lambda pair: pair[0])
