"""Whatever merchants, buyers and days do, in whatever order: the books audit after every step."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests import books, shops
from tests.factories import ChargeFactory
from tests.whole import full

OUTCOMES = ("applied", "duplicate", "declined", "rejected")
FEES = ("pick-pack", "shipping-label", "storage", "app-usage", "transaction-fee")
MERCHANTS = (
    {"plan_price": "39.00", "payment_method": "sandbox", "payment_days": 0},
    {
        "currency": "JPY",
        "timezone": "Asia/Tokyo",
        "credit_limit": "500",
        "plan_interval_days": 45,
    },
    {
        "currency": "THB",
        "billing_currency": "KWD",
        "timezone": "America/Sao_Paulo",
        "credit_limit": "900.00",
        "billing_threshold": "50.500",
        "plan_price": "0",
        "settlement_days": 0,
    },
)
# Whole amounts, which every currency has; they meet limits and thresholds from both sides.
AMOUNTS = st.sampled_from(["1", "7", "50", "100", "200", "400"])
NUMBERS = st.integers(0, 2)


class History(RuleBasedStateMachine):
    """Three merchants from 10 October 2017, whose clocks all stand at `now`."""

    orders: Bundle[tuple[int, str]] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
        self.undone.__enter__()
        self.now = datetime.fromisoformat("2017-10-10T10:30:00+00:00")
        self.count = 0

    def teardown(self) -> None:
        """Undo the history."""
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @initialize()
    def join(self) -> None:
        """All merchants join."""
        self.shops = [
            shops.join(self.at, f"shop-{number}", **terms) for number, terms in enumerate(MERCHANTS)
        ]

    @property
    def at(self) -> str:
        """The present instant, as shops take it."""
        return self.now.isoformat()

    def name(self, kind: str) -> str:
        """A new reference of this kind."""
        self.count += 1
        return f"{kind}-{self.count}"

    def send(self, call: Callable[..., str], *arguments: Any, **data: Any) -> None:
        """Send an event, and send it again, which changes nothing."""
        outcome = call(self.at, *arguments, **data)
        assert outcome.split()[0] in OUTCOMES
        # Sent again at once it is recognised, unless it was refused.
        if not outcome.startswith("rejected"):
            assert call(self.at, *arguments, **data) == "duplicate"

    @rule(target=orders, number=NUMBERS, amount=AMOUNTS, instalments=st.sampled_from([1, 3, 12]))
    def place(self, number: int, amount: str, instalments: int) -> tuple[int, str]:
        """A merchant's order: its number and the order's reference."""
        order = self.name("order")
        self.send(self.shops[number].place, order, amount, instalments=instalments)
        return number, order

    @rule(order=orders)
    def ship(self, order: tuple[int, str]) -> None:
        self.send(self.shops[order[0]].ship, order[1])

    @rule(order=orders)
    def deliver(self, order: tuple[int, str]) -> None:
        self.send(self.shops[order[0]].deliver, order[1])

    @rule(order=orders)
    def cancel(self, order: tuple[int, str]) -> None:
        self.send(self.shops[order[0]].cancel, order[1])

    @rule(order=orders, amount=AMOUNTS)
    def pay(self, order: tuple[int, str], amount: str) -> None:
        self.send(self.shops[order[0]].pay, order[1], amount, self.name("payment"))

    @rule(number=NUMBERS, fee=st.sampled_from(FEES), amount=AMOUNTS)
    def charge(self, number: int, fee: str, amount: str) -> None:
        """Charge a fee now."""
        self.send(self.shops[number].charge, fee, amount, self.name("charge"))

    @rule(number=NUMBERS, days=st.sampled_from([1, 20, 40]), fee=st.sampled_from(FEES))
    def charge_late(self, number: int, days: int, fee: str) -> None:
        """Charge a fee of 30 for a service of some days ago."""
        served = self.now - timedelta(days=days)
        ChargeFactory.create(
            shop=self.shops[number], at=served.isoformat(), arrived=self.at, fee=fee, amount="30"
        )

    @rule(hours=st.sampled_from([1, 13, 24, 24 * 7, 24 * 31, 24 * 95]), with_jobs=st.booleans())
    def let_time_pass(self, hours: int, with_jobs: bool) -> None:
        """Let so many hours pass, with or without the jobs: if they don't run, the next operation
        makes up for them.
        """
        self.now += timedelta(hours=hours)
        if with_jobs:
            shops.run_jobs(self.now)

    @invariant()
    def the_books_audit(self) -> None:
        """Check that the audit finds nothing."""
        books.assert_clean()


@pytest.mark.parametrize(("examples", "steps"), [(1, 6), *full((60, 20))])
@pytest.mark.django_db
def test_any_history_keeps_the_books(settings: Any, examples: int, steps: int) -> None:
    settings.TAEL_SANDBOX = True
    run_state_machine_as_test(
        History,
        settings=bounds(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=bool(os.environ.get("CI")),
            suppress_health_check=list(HealthCheck),
        ),
    )
