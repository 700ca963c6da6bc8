"""The four shops, and the prices that they are charged."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

# Prices of one unit, by currency. A fee without one, such as the share of a sale, comes with its
# amount.
PRICES = {
    "CNY": {
        "pick-pack": "4.80", "packaging": "2.20", "receiving": "3.60", "storage": "1.25",
        "non-compliance": "25.00", "shipping-label": "13.50", "app-usage": "0.085",
    },
    "THB": {
        "pick-pack": "24.50", "packaging": "11.00", "receiving": "18.00", "storage": "6.50",
        "non-compliance": "120.00", "shipping-label": "62.00", "app-usage": "0.425",
    },
    "USD": {
        "pick-pack": "3.20", "packaging": "1.10", "receiving": "2.40", "storage": "0.85",
        "non-compliance": "15.00", "shipping-label": "8.90", "app-usage": "0.0125",
    },
}  # fmt: skip
TRANSACTION_SHARE = Decimal("0.008")


@dataclass(frozen=True)
class DeclinedOrder:
    """An order that was declined so many days ago, because it was too large or its buyer too
    risky.
    """

    days_ago: int
    amount: str
    buyer_risk: int = 1


@dataclass(frozen=True)
class Shop:
    """A shop's terms, and the figures that its trade is made from."""

    reference: str
    terms: dict[str, Any]
    orders_a_day: float
    price: int  # of an order, on average
    late_share: float  # of buyers who pay after the due date
    days_to_pay: float = 10  # from the delivery, of those who pay in time
    growth: float = 0  # how much more is ordered on the last day than on the first
    rating: float = 4.5
    unpaid_order: str = ""  # amount of an order that is paid a week late, and freezes the line
    rework_days_ago: int = 0  # a delivery without papers, dear enough for a bill of its own
    refused: tuple[DeclinedOrder, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the shop counts its days."""
        return ZoneInfo(self.terms["timezone"])

    @property
    def currency(self) -> str:
        """The ISO code of the shop's currency."""
        return str(self.terms["currency"])


MEILI = Shop(
    reference="meili",
    terms={
        "name": "美丽时装 Meili Dresses", "currency": "CNY", "timezone": "Asia/Shanghai",
        "language": "zh-hans", "credit_limit": "5000.00", "payment_days": 10,
        "settlement_days": 0, "billing_threshold": "1500.00", "plan": "basic",
        "plan_price": "198.00", "plan_interval_days": 30, "payment_method": "sandbox",
    },
    orders_a_day=2,
    price=420,
    late_share=0,
    days_to_pay=4,
    growth=1,
    rating=4.8,
    refused=(DeclinedOrder(2, "26800.00"), DeclinedOrder(1, "640.00", buyer_risk=3)),
)  # fmt: skip
HUAXIN = Shop(
    reference="huaxin",
    terms={
        "name": "华信电子 Huaxin Electronics", "currency": "CNY", "timezone": "Asia/Shanghai",
        "language": "zh-hans", "credit_limit": "100000.00", "payment_days": 10,
        "settlement_days": 7, "billing_threshold": "5000.00", "plan": "annual",
        "plan_price": "1980.00", "plan_interval_days": 365, "payment_method": "sandbox",
    },
    orders_a_day=2,
    price=2300,
    late_share=0.05,
    rating=4.6,
    unpaid_order="26800.00",
)  # fmt: skip
SIAM_SILK = Shop(
    reference="siam-silk",
    terms={
        "name": "Siam Silk House", "currency": "THB", "timezone": "Asia/Bangkok",
        "language": "th", "credit_limit": "120000.00", "payment_days": 10,
        "settlement_days": 7, "billing_threshold": "12000.00", "plan": "annual",
        "plan_price": "9900.00", "plan_interval_days": 365, "payment_method": "sandbox",
    },
    orders_a_day=3,
    price=1900,
    late_share=0.12,
    refused=(DeclinedOrder(4, "135000.00"),),
)  # fmt: skip
LAKESIDE = Shop(
    reference="lakeside",
    terms={
        "name": "Lakeside Outfitters", "currency": "USD", "timezone": "America/Chicago",
        "language": "en", "credit_limit": "8000.00", "payment_days": 10,
        "settlement_days": 7, "billing_threshold": "100.00", "plan": "basic",
        "plan_price": "39.00", "plan_interval_days": 30, "payment_method": "sandbox",
    },
    orders_a_day=2,
    price=140,
    late_share=0.1,
    rating=4.4,
    rework_days_ago=1,
    refused=(DeclinedOrder(3, "9600.00"),),
)  # fmt: skip
SHOPS = (MEILI, HUAXIN, SIAM_SILK, LAKESIDE)
