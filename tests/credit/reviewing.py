"""For tests of limit reviews: shops with metrics and earnings before a month starts."""

from decimal import Decimal
from typing import Any

from credit import scoring
from credit.models import CreditPolicy, LimitReview
from lib import money
from tests import shops
from tests.factories import SoldFactory

OPERATOR = "olga@tael.example"
DECEMBER = "2026-12-01 00:00"
# Marks that give 30 + 15 + 15 + 15 points, and with sales of 3 limits 100.
PERFECT = ("4.8", "100", "100", "100")


def sell(shop: shops.Shop, at: str, amount: str) -> None:
    """Orders within the limit, placed and paid, until they come to `amount`."""
    rest, limit = Decimal(amount), shop.line.limit.amount
    while rest > 0:
        part = money.figure_text(min(rest, limit), shop.currency)
        order = f"sold-{shop.line.orders.count()}"
        SoldFactory.create(shop=shop, at=at, amount=part, reference=order)
        rest -= Decimal(part)


def metrics(shop: shops.Shop, at: str, rating: str, listing: str, profile: str, after: str) -> str:
    """Have the platform report metrics measured at this instant: the outcome."""
    marks = {"listing_quality": listing, "profile_completeness": profile, "after_sales": after}
    return shop.send("shop.metrics", at, rating=rating, **marks)


def shop_with(paid: str, marks: tuple[str, str, str, str] = PERFECT, **terms: Any) -> shops.Shop:
    """A shop that joined on 1 November 2026 and was paid so much on the 2nd, with these marks of
    the marketplace's. Its first review is in December.
    """
    shop = shops.join("2026-11-01 10:00", **terms)
    sell(shop, "2026-11-02 10:00", paid)
    assert metrics(shop, "2026-11-03 10:00", *marks) == "applied"
    return shop


def latest(shop: shops.Shop) -> LimitReview:
    """The shop's latest review."""
    return shop.line.reviews.latest("on")


def outcome(shop: shops.Shop) -> tuple[str, str, str, str]:
    """Grade, status, proposed limit and notes of the latest review."""
    review = latest(shop)
    proposed = money.text(review.limit_proposed)
    return str(review.grade), str(review.status), proposed, " ".join(review.notes)


def limit(shop: shops.Shop) -> str:
    return shop.limit()[0]


def policy(**figures: Any) -> CreditPolicy:
    """The default figures, but for those named."""
    return CreditPolicy(currency="USD", version=1, **figures)


def inputs(**known: str | bool) -> scoring.Inputs:
    """A limit of 5,000 that scores 0 but for what is named."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("rating", "paid", "listing_quality", "profile_completeness", "after_sales"), Decimal(0)
    )
    given = {
        name: value if isinstance(value, bool) else Decimal(value) for name, value in known.items()
    }
    return scoring.Inputs(**{"limit": Decimal(5000)} | nothing | given)
