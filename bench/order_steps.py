"""Measures each step of an order that was placed, against the least SQL for the same rows."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from moneyed import Money

from bench import least_order_steps as least
from bench import pace
from bench.figures import Figure, more_is_better
from bench.shops import join
from bench.sized import Sized
from credit.models import CreditLine, OrderPayment, OrderRefund
from credit.operations import order_steps, orders, payments, refunds

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ROUNDS = 5
ORDERS = Sized(usual=100, full=300, tiny=3)  # a round, of each way
AT_LEAST = 0.6
PRICE, BACK = Decimal("25.00"), Decimal("5.00")
GENEROUS = Decimal("900000000.00")
VALUES: dict[str, Any] = {
    "now": NOW, "amount": PRICE, "back": BACK, "today": date(2026, 11, 2),
    "due_on": date(2026, 11, 12), "matures_on": date(2026, 11, 9),
}  # fmt: skip

Act = Callable[[dict[str, Any], str], object]  # takes whose line and when, and the reference
# In the order in which an order goes through them; but one that is cancelled goes through no other.
STEPS: dict[str, tuple[str, Act]] = {
    "ship": (least.SHIP, lambda of, name: order_steps.ship(reference=name, **of)),
    "deliver": (least.DELIVER, lambda of, name: order_steps.deliver(reference=name, **of)),
    "pay": (
        least.PAY,
        lambda of, name: payments.receive(
            order=name, reference=name, amount=Money(PRICE, "USD"), **of
        ),
    ),
    "refund": (
        least.REFUND,
        lambda of, name: refunds.give(order=name, reference=name, amount=Money(BACK, "USD"), **of),
    ),
    "cancel": (
        least.CANCEL,
        lambda of, name: order_steps.cancel(reference=name, reason="bench", **of),
    ),
}


def run() -> Iterator[Figure]:
    """Measure how many times a second each step after an order's placing is done, such as shipping,
    against the least SQL for the same rows.

    Yields a figure for each step.
    """
    lines = {way: join(f"steps-{way}", limit=GENEROUS) for way in ("least", "ours")}
    taken: dict[str, list[tuple[float, float]]] = {step: [] for step in STEPS}
    for number in pace.rounds(ROUNDS + 1, share=0.5):
        went = _round(lines, number)
        if number:  # the first one warms up
            for step, seconds in went.items():
                taken[step].append(seconds)
    _check_same(lines)
    for step, rounds in taken.items():
        yield more_is_better(
            f"{step} an order",
            [(ORDERS() / ours, ORDERS() / floor) for floor, ours in rounds],
            floor="least SQL",
            sent=f"{ORDERS()} orders, one connection",
            at_least=AT_LEAST,
        )


def _round(lines: dict[str, int], number: int) -> dict[str, tuple[float, float]]:
    """Take new orders through all steps, once by the least SQL and once by our code, in turn.
    `lines` has the credit line of either way. Returns for each step (seconds of the least SQL,
    seconds of ours).
    """
    went = {}
    names = _placed(lines, f"s{number}")
    for step, (statement, act) in STEPS.items():
        if step == "cancel":
            names = _placed(lines, f"c{number}")
        went[step] = (
            _seconds_least(statement, lines["least"], names),
            _seconds_ours(act, lines["ours"], names),
        )
    return went


def _placed(lines: dict[str, int], prefix: str) -> list[str]:
    """Place new orders on both lines, with references that begin with this prefix. Returns the
    references, which are the same on both.
    """
    names = [f"{prefix}-{place}" for place in range(ORDERS())]
    for line in lines.values():
        for name in names:
            price = Money(PRICE, "USD")
            orders.place(merchant_id=line, reference=name, buyer="b", amount=price, now=NOW)
    return names


def _seconds_least(statement: str, line: int, names: Sequence[str]) -> float:
    """How many seconds this SQL statement takes for all of these orders of the line, one after the
    other.
    """
    started = time.perf_counter()
    for name in names:
        with connection.cursor() as cursor:
            cursor.execute(statement, VALUES | {"line": line, "order": name})
            assert cursor.rowcount == 1
    return time.perf_counter() - started


def _seconds_ours(act: Act, line: int, names: Sequence[str]) -> float:
    """How many seconds our operation `act` takes for all of these orders of the line, one after the
    other.
    """
    of = {"merchant_id": line, "at": NOW, "now": NOW}
    started = time.perf_counter()
    for name in names:
        act(of, name)
    return time.perf_counter() - started


def _check_same(lines: dict[str, int]) -> None:
    """Raise AssertionError unless both ways left the same figures and as many rows on their
    lines.
    """
    figures = []
    for pk in lines.values():
        line = CreditLine.objects.get(pk=pk)
        of_line = [
            rows.filter(line=pk).count()
            for rows in (
                OrderPayment.objects,
                OrderRefund.objects,
                line.entries,
                line.proceeds_entries,
            )
        ]
        figures.append((line.used, line.proceeds, *of_line))
    assert figures[0] == figures[1], figures
