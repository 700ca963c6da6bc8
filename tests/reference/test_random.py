"""Random events: the invariants hold, and the books never depend on when a job ran."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from . import Model
from .audit import audit

ZONES = ("America/Sao_Paulo", "Asia/Shanghai", "Pacific/Apia", "America/Havana")
FEES = ("pick-pack", "storage", "shipping-label", "app-usage", "transaction-fee", "special-project")


def joined(rng: random.Random) -> dict[str, Any]:
    """The terms of a shop, by chance."""
    return {
        "name": "S",
        "currency": rng.choice(["BRL", "JPY"]),
        "timezone": rng.choice(ZONES),
        "billing_currency": "KWD",
        "language": "en",
        "credit_limit": "9000",
        "payment_days": rng.choice([0, 10]),
        "settlement_days": rng.choice([0, 7, 15]),
        "billing_threshold": "200.5",
        "plan": "p",
        "plan_price": rng.choice(["0", "39", "500"]),
        "plan_interval_days": rng.choice([30, 45, 365]),
        "payment_method": rng.choice([None, "sandbox"]),
    }


def some_event(rng: random.Random, shop: dict[str, Any], n: int) -> tuple[str, dict[str, Any]]:
    """Kind and data of an event, by chance."""
    money = {"amount": str(rng.choice([0, 1, 7, 100, 400, 1500])), "currency": shop["currency"]}
    order = {"order": f"o{rng.randrange(max(n // 4, 1))}"}
    return rng.choice(
        [
            (
                "order.placed",
                {**order, **money, "buyer": "b", "instalments": rng.choice([1, 3, 7])},
            ),
            ("order.shipped", order),
            ("order.delivered", order),
            ("order.cancelled", {**order, "reason": "r"}),
            ("order.paid", {**order, **money, "payment": f"p{rng.randrange(n + 5)}"}),
            ("order.refunded", {**order, **money, "refund": f"r{rng.randrange(n + 5)}"}),
            (
                "shop.metrics",
                {
                    "rating": "4.9",
                    "listing_quality": 90,
                    "profile_completeness": 90,
                    "after_sales": rng.randrange(101),
                },
            ),
            (
                "charge.recorded",
                {
                    **money,
                    "currency": "KWD",
                    "charge": f"c{rng.randrange(n + 50)}",
                    "fee": rng.choice(FEES),
                    "request": "r",
                    "quantity": 1,
                },
            ),
        ]
    )


def events(seed: int) -> list[dict[str, Any]]:
    """A history of 400 events, by chance."""
    rng = random.Random(seed)
    shop, at = joined(rng), datetime(2017, 1, 5, tzinfo=UTC)
    found = [("merchant.joined", shop, at)]
    for n in range(400):
        at += timedelta(hours=rng.choice([0, 0, 1, 5, 30, 100]))
        found.append((*some_event(rng, shop, n), at))
    return [
        {"id": str(n), "type": kind, "at": at.isoformat(), "merchant": "m", "data": data}
        for n, (kind, data, at) in enumerate(found)
    ]


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(5, 40))]
)
def test_books_hold_and_do_not_depend_on_when_jobs_ran(seed):
    rng, quiet, busy = random.Random(seed), Model(), Model()
    end = datetime(2018, 12, 31, 12, tzinfo=UTC)
    for event in events(seed):
        quiet.apply(event)
        at = datetime.fromisoformat(event["at"])
        if rng.random() < 0.5 and busy.now:
            busy.advance(busy.now + (at - busy.now) * rng.random())
        busy.apply(event)
        audit(busy)
    for model in (quiet, busy):
        model.advance(end)
        audit(model)
    assert quiet.state() == busy.state()
