"""The PDF of a bill, against typst alone that sets the same document."""

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import typst

from bench import pace, seeds
from bench.figures import Figure, less_is_better, measure
from bench.shops import JOINED, join
from bench.sized import Sized
from billing.documents.pdf import invoice_pdf
from billing.models import BillingAccount, Invoice
from billing.operations import days
from lib import calendar

CHARGES, ROUNDS = 100, Sized(usual=11, full=51, tiny=1)
LAST_DAY = date(2026, 11, 30)
MOST_SECONDS = 1.0


def run() -> Iterator[Figure]:
    """Measure how long the PDF of a bill takes, against typst alone with the same data. Yields a
    figure for each.
    """
    account = join("pdf")
    seeds.fill_month([account], last_day=LAST_DAY, charges=CHARGES)
    BillingAccount.objects.filter(pk=account).update(next_plan_on=LAST_DAY + timedelta(days=1))
    now = calendar.day_end(LAST_DAY, "UTC")
    days.work_off([account], now=now)
    invoice = Invoice.objects.filter(account=account).latest("pk")

    def ours() -> None:
        """Make the bill's PDF."""
        assert invoice_pdf(invoice, now=now).startswith(b"%PDF")

    least = _typst_alone(ours)
    rounds = [(_seconds(ours), _seconds(least)) for _ in pace.rounds(ROUNDS())]
    sent = f"a bill of {invoice.lines.count()} lines, of {JOINED:%B}'s merchant, in process"
    yield less_is_better("the PDF of a bill", rounds, floor="typst alone", sent=sent)
    yield measure(
        "the same by the clock",
        [seconds for seconds, _ in rounds],
        unit="s",
        sent=sent,
        at_most=MOST_SECONDS,
    )


def _typst_alone(ours: Callable[[], None]) -> Callable[[], None]:
    """A function that has typst set what `ours` has it set, with nothing around it."""
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    compiled = typst.compile

    def note(*args: Any, **named: Any) -> Any:
        """Compile, and note what typst was given."""
        asked.append((args, named))
        return compiled(*args, **named)

    with patch("typst.compile", note):
        ours()
    args, named = asked[-1]
    return lambda: compiled(*args, **named)


def _seconds(act: Callable[[], None]) -> float:
    """How many seconds `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
