"""The merchants, people, keys and endpoints that there are before the traffic."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from moneyed import Money

from gateway.models import Scope
from gateway.operations import keys
from gateway.webhooks.event_types import EVENT_TYPES
from gateway.webhooks.operations import endpoints
from lib import clock
from merchants.models import User
from tests import shops
from tests.factories import (
    CardFactory,
    DestinationFactory,
    SoldFactory,
    browser_of,
    member,
    operator,
    signed_in,
)
from tests.shops import Shop

# Currency, zone, how the bill is paid, how many times a dollar's figures its figures are.
TERMS = (
    ("USD", "America/New_York", "stripe", 1),
    ("USD", "UTC", "stripe", 1),
    ("THB", "Asia/Bangkok", "stripe", 30),
    ("USD", "Asia/Kathmandu", "proceeds", 1),
)
REASON, ADA = "To see what holds.", "ada@tael.example"


@dataclass
class Merchant:
    """A shop, the limit it trades within, and where its withdrawals go."""

    shop: Shop
    limit: Money
    owner: User
    destination: int

    @property
    def reference(self) -> str:
        return self.shop.reference


@dataclass
class Stage:
    merchants: list[Merchant]
    key: str
    officer: User


def build(hooks: str) -> Stage:
    """Take in the merchants, weeks ago, with proceeds that have matured; `hooks` is told of all."""
    now = clock.now()
    _key, text = keys.make(
        name="Chaos", scopes=tuple(Scope.values), requests_per_minute=100_000, reason=REASON,
        actor=ADA, now=now,
    )  # fmt: skip
    before = now - timedelta(days=21)
    endpoints.add(url=hooks, types=list(EVENT_TYPES), reason=REASON, actor=ADA, now=before)
    merchants = [_merchant(number, *terms) for number, terms in enumerate(TERMS)]
    return Stage(merchants, text, operator("Credit officer", email="olga@tael.example"))


def _merchant(number: int, currency: str, zone: str, method: str, times: int) -> Merchant:
    """A merchant that joined 20 days ago, with an owner, a card and all that traffic needs; figures
    are `times` as large.
    """
    now = clock.now()
    at = (now - timedelta(days=20)).isoformat()
    terms: dict[str, Any] = {
        "credit_limit": str(20_000 * times), "billing_threshold": str(6 * times),
        "plan_price": str(5 * times), "plan_interval_days": 30, "payment_method": "sandbox",
    }  # fmt: skip
    shop = shops.ShopFactory.create(
        reference=f"chaos-{number}", at=at, currency=currency, timezone=zone, **terms
    )
    later = (now - timedelta(days=19)).isoformat()
    for order in range(3):
        SoldFactory.create(
            shop=shop, at=later, reference=f"before-{order}", amount=str(900 * times),
            is_delivered=True,
        )  # fmt: skip
    destination = DestinationFactory.create(shop=shop, at=later)
    if method == "stripe":
        CardFactory.create(
            shop=shop, at=later, provider="stripe", token=f"pm_{number}", customer=f"cus_{number}",
            brand="visa",
        )  # fmt: skip
    owner = member(shop, email=f"owner@{shop.reference}.example")
    return Merchant(shop, Money(20_000 * times, currency), owner, destination.pk)


def cookies_of(user: User) -> dict[str, str]:
    """The cookies of a browser in which the person is signed in, on any page."""
    browser: Client = browser_of(user) if user.is_staff else signed_in(user)
    key = browser.session.session_key
    return {settings.SESSION_COOKIE_NAME: str(key), settings.CSRF_COOKIE_NAME: "c" * 32}
