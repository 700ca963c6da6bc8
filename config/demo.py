"""Four demonstration shops with a season of made-up trade, told as events like any other.

A dress shop whose limit grew from 5,000 to 20,000, an electronics shop at 100,000 with a freeze
behind it, a shop in Bangkok on an annual plan, and a shop in Chicago that keeps reaching its
threshold. The same numbers come out for the same day: the shops' luck is drawn from a fixed seed.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from merchants import calendar
from merchants.roles import Role

MONTHS = 3  # before the current one, so that each shop has seen as many reviews
PASSWORD = "tael-demo"


class Login(NamedTuple):
    email: str
    password: str
    what: str
    role: str = ""  # of an operator


LOGINS = [
    Login("owner@silk.example", PASSWORD, "owner of Siam Silk House"),
    Login("finance@silk.example", PASSWORD, "finance at Siam Silk House, viewer at Meili Dresses"),
    Login("owner@meili.example", PASSWORD, "owner of Meili Dresses and of Huaxin Electronics"),
    Login("owner@lakeside.example", PASSWORD, "owner of Lakeside Outfitters"),
    Login("admin@tael.example", PASSWORD, "administrator, at /admin/", Role.ADMINISTRATOR),
    Login("credit@tael.example", PASSWORD, "credit officer, at /admin/", Role.CREDIT_OFFICER),
    Login("billing@tael.example", PASSWORD, "billing officer, at /admin/", Role.BILLING_OFFICER),
    Login("auditor@tael.example", PASSWORD, "auditor, at /admin/", Role.AUDITOR),
]

# (merchant, e-mail address, role)
ROLES = [
    ("siam-silk", "owner@silk.example", "OWNER"),
    ("siam-silk", "finance@silk.example", "FINANCE"),
    ("meili", "finance@silk.example", "VIEWER"),
    ("meili", "owner@meili.example", "OWNER"),
    ("huaxin", "owner@meili.example", "OWNER"),
    ("lakeside", "owner@lakeside.example", "OWNER"),
]


@dataclass(frozen=True)
class Shop:
    reference: str
    terms: dict[str, Any]
    orders_a_day: float
    price: int  # of an order, on average
    fees: dict[str, Decimal]  # of one order
    late_share: float  # of buyers who pay after the due date
    days_to_pay: float = 10  # from the delivery, of those who pay in time
    growth: float = 0  # how much more is ordered on the last day than on the first
    rating: float = 4.5
    unpaid_order: str = ""  # amount of an order that is paid a week late, and freezes the line

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.terms["timezone"])


SHOPS = (
    Shop(
        reference="meili",
        terms={
            "name": "美丽时装 Meili Dresses", "currency": "CNY", "timezone": "Asia/Shanghai",
            "language": "zh-hans", "credit_limit": "5000.00", "payment_days": 10,
            "settlement_days": 0, "billing_threshold": "1500.00", "plan": "basic",
            "plan_price": "198.00", "plan_interval_days": 30, "payment_method": "sandbox",
        },
        orders_a_day=2,
        price=420,
        fees={"pick-pack": Decimal("4.80"), "packaging": Decimal("2.20"),
              "shipping-label": Decimal("13.50"), "transaction-fee": Decimal("3.20")},
        late_share=0,
        days_to_pay=4,
        growth=1,
        rating=4.8,
    ),
    Shop(
        reference="huaxin",
        terms={
            "name": "华信电子 Huaxin Electronics", "currency": "CNY", "timezone": "Asia/Shanghai",
            "language": "zh-hans", "credit_limit": "100000.00", "payment_days": 10,
            "settlement_days": 7, "billing_threshold": "5000.00", "plan": "annual",
            "plan_price": "1980.00", "plan_interval_days": 365, "payment_method": "sandbox",
        },
        orders_a_day=2,
        price=2300,
        fees={"pick-pack": Decimal("9.60"), "packaging": Decimal("6.40"),
              "shipping-label": Decimal("31.00"), "transaction-fee": Decimal("24.00")},
        late_share=0.05,
        rating=4.6,
        unpaid_order="26800.00",
    ),
    Shop(
        reference="siam-silk",
        terms={
            "name": "Siam Silk House", "currency": "THB", "timezone": "Asia/Bangkok",
            "language": "th", "credit_limit": "120000.00", "payment_days": 10,
            "settlement_days": 7, "billing_threshold": "12000.00", "plan": "annual",
            "plan_price": "9900.00", "plan_interval_days": 365, "payment_method": "sandbox",
        },
        orders_a_day=3,
        price=1900,
        fees={"pick-pack": Decimal("24.50"), "packaging": Decimal("11.00"),
              "shipping-label": Decimal("62.00"), "transaction-fee": Decimal("18.75")},
        late_share=0.12,
    ),
    Shop(
        reference="lakeside",
        terms={
            "name": "Lakeside Outfitters", "currency": "USD", "timezone": "America/Chicago",
            "language": "en", "credit_limit": "8000.00", "payment_days": 10,
            "settlement_days": 7, "billing_threshold": "100.00", "plan": "basic",
            "plan_price": "39.00", "plan_interval_days": 30, "payment_method": "sandbox",
        },
        orders_a_day=2,
        price=140,
        fees={"pick-pack": Decimal("3.20"), "packaging": Decimal("1.10"),
              "shipping-label": Decimal("8.90"), "transaction-fee": Decimal("2.10")},
        late_share=0.1,
        rating=4.4,
    ),
)  # fmt: skip


def events(now: datetime) -> list[str]:
    """The lines of a file of events that ends at `now`, in order of time."""
    told = [event for shop in SHOPS for event in _Season(shop, now).events() if event[0] < now]
    told.sort(key=lambda event: event[0])
    return [json.dumps(event, ensure_ascii=False) for _, event in told]


Told = tuple[datetime, dict[str, Any]]


class _Season:
    """One shop's trade from the first day to `now`."""

    def __init__(self, shop: Shop, now: datetime) -> None:
        self.shop = shop
        today = now.astimezone(shop.zone).date()
        self.first_day = calendar.month_of(today)
        for _ in range(MONTHS):
            self.first_day = calendar.month_of(self.first_day - calendar.ONE_DAY)
        self.days = (today - self.first_day).days
        self.luck = random.Random(shop.reference)

    def _at(self, day: int, hour: float) -> datetime:
        midnight = datetime.combine(self.first_day, time.min, self.shop.zone)
        return midnight + timedelta(days=day, hours=hour)

    def _event(self, at: datetime, event_type: str, key: str, /, **data: Any) -> Told:
        event_id = f"{event_type}:{self.shop.reference}:{key}"
        return at, {
            "id": event_id, "type": event_type, "at": at.isoformat(),
            "merchant": self.shop.reference, "data": data,
        }  # fmt: skip

    def events(self) -> Iterator[Told]:
        yield self._event(self._at(0, 8), "merchant.joined", "joined", **self.shop.terms)
        for day in range(self.days + 1):
            if day % 30 == 0:
                yield self._metrics(day)
            if day % 7 == 2:
                yield self._charge(self._at(day, 16), f"receiving-{day}", "receiving", "", 6)
            if day % 30 == 25:
                yield self._charge(self._at(day, 12), f"storage-{day}", "storage", "", 40)
            for number in range(self._orders_of(day)):
                yield from self._order(
                    day, f"{self.shop.reference[:2].upper()}-{day:03}{number:02}"
                )

        if self.shop.unpaid_order:
            yield from self._late_order(40)

    def _orders_of(self, day: int) -> int:
        grown = 1 + self.shop.growth * day / max(self.days, 1)
        return round(self.luck.uniform(0, 2 * self.shop.orders_a_day * grown))

    def _late_order(self, day: int) -> Iterator[Told]:
        """A large order whose buyer pays a week after the due date."""
        name = f"{self.shop.reference[:2].upper()}-FAIR"
        what = {"order": name, "amount": self.shop.unpaid_order}
        what["currency"] = self.shop.terms["currency"]
        yield self._event(self._at(day, 9), "order.placed", name, buyer="buyer-fair", **what)
        yield self._event(self._at(day, 15), "order.shipped", name, order=name)
        yield self._event(self._at(day + 1, 11), "order.delivered", name, order=name)
        yield self._event(self._at(day + 18, 10), "order.paid", name, payment=f"{name}-P", **what)

    def _metrics(self, day: int) -> Told:
        return self._event(
            self._at(day, 8.5), "shop.metrics", str(day),
            rating=f"{self.shop.rating + self.luck.random() * 0.15:.2f}",
            listing_quality=80 + day // 10,
            profile_completeness=90, after_sales=self.luck.randint(80, 96),
        )  # fmt: skip

    def _charge(self, at: datetime, name: str, fee: str, request: str, times: int = 1) -> Told:
        price = self.shop.fees.get(fee, self.shop.fees["packaging"])
        return self._event(
            at, "charge.recorded", name, charge=name, fee=fee, request=request, quantity=times,
            currency=self.shop.terms["currency"], amount=str(price * times),
        )  # fmt: skip

    def _order(self, day: int, name: str) -> Iterator[Told]:
        luck = self.luck
        amount = f"{self.shop.price * luck.uniform(0.3, 2.2):.2f}"
        currency = self.shop.terms["currency"]
        placed = self._at(day, luck.uniform(8, 22))
        yield self._event(
            placed, "order.placed", name, order=name, buyer=f"buyer-{luck.randint(1, 60):03}",
            amount=amount, currency=currency, instalments=luck.choice([1, 1, 1, 3]),
            buyer_risk=luck.choice([0, 1, 1, 1, 2, 2]),
        )  # fmt: skip
        if luck.random() < 0.04:
            at = placed + timedelta(hours=luck.uniform(1, 20))
            yield self._event(at, "order.cancelled", name, order=name, reason="buyer changed mind")
            return
        shipped = placed + timedelta(hours=luck.uniform(6, 40))
        yield self._event(shipped, "order.shipped", name, order=name)
        for fee in self.shop.fees:
            yield self._charge(shipped, f"{name}-{fee}", fee, name)
        delivered = shipped + timedelta(days=luck.uniform(1, 5))
        yield self._event(delivered, "order.delivered", name, order=name)
        days_to_pay = (
            luck.uniform(12, 25) if luck.random() < self.shop.late_share else self.shop.days_to_pay
        )
        paid = delivered + timedelta(days=days_to_pay * luck.uniform(0.4, 1))
        yield self._event(
            paid, "order.paid", name, order=name, payment=f"{name}-P", amount=amount,
            currency=currency,
        )  # fmt: skip
