"""Most orders are placed without a lock between reading the line and writing to it. Whatever is
written to the line meanwhile, the order is decided by what the line is then.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from moneyed import Money

from credit.models import CreditLine, LimitEntry
from credit.operations import days, lines, orders, own_rules
from notices.models import Notice
from tests import shops

NOW = "2026-11-02 10:00"


def pause(shop: shops.Shop) -> None:
    """Pause new orders, by the merchant's own rule."""
    own_rules.pause(merchant_id=shop.line.pk, actor="malee@rosewood.example", now=shop.at(NOW))


def another(shop: shops.Shop) -> None:
    """Place another order."""
    assert shop.place(NOW, "B", "60.00") == "applied"


def the_same(shop: shops.Shop) -> None:
    """Place the same order."""
    assert shop.place(NOW, "A", "60.00") == "applied"


MEANWHILE: list[tuple[Callable[[shops.Shop], None], str, tuple[str, str, str]]] = [
    (another, "declined insufficient_credit", ("100.00", "60.00", "40.00")),
    (the_same, "duplicate", ("100.00", "60.00", "40.00")),
    (pause, "declined paused_by_merchant", ("100.00", "0.00", "100.00")),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("meanwhile", "outcome", "limit"), MEANWHILE)
def test_what_happens_between_reading_and_writing_counts(
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[shops.Shop], None],
    outcome: str,
    limit: tuple[str, str, str],
) -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00")
    see, seen = lines.see, []

    def see_and_wait(*whose: Any, **more: Any) -> CreditLine | None:
        """Read the line, and let something happen before it is written."""
        line = see(*whose, **more)
        seen.append(line)
        monkeypatch.setattr(lines, "see", see)
        meanwhile(shop)
        return line

    monkeypatch.setattr(lines, "see", see_and_wait)
    assert shop.place(NOW, "A", "60.00") == outcome
    assert seen != [None]
    assert shop.limit() == limit
    holds = LimitEntry.objects.filter(kind="HOLD")
    assert holds.count() == (0 if outcome == "declined paused_by_merchant" else 1)


@pytest.mark.django_db(transaction=True)
def test_an_order_takes_two_statements_and_no_transaction_around_them() -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00")
    merchant_id = shop.line.pk

    def statements(reference: str, amount: str) -> int:
        """How many statements the order takes."""
        with CaptureQueriesContext(connection) as asked:
            orders.place(
                merchant_id=merchant_id,
                reference=reference,
                buyer="Mia",
                amount=Money(amount, "USD"),
                now=shop.at(NOW),
            )
        return len(asked)

    assert statements("A", "10.00") == 2
    # A repeat, and one that fills four fifths of the limit: BEGIN, the lock and COMMIT come to it,
    # and whether the merchant was told before.
    assert statements("A", "10.00") == 6
    assert statements("B", "70.00") == 7
    assert shop.limit() == ("100.00", "80.00", "20.00")


@pytest.mark.django_db(transaction=True)
def test_the_first_order_of_a_day_takes_two_statements_if_nothing_happened_since() -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00", timezone="Asia/Bangkok")
    assert shop.place("2026-11-02 10:00", "A", "10.00") == "applied"
    merchant_id = shop.line.pk
    with CaptureQueriesContext(connection) as asked:
        orders.place(
            merchant_id=merchant_id,
            reference="B",
            buyer="Mia",
            amount=Money("10.00", "USD"),
            now=shop.at("2026-11-05 00:00"),
        )
    assert len(asked) == 2
    line = shop.line
    assert (line.open_on, line.open_until) == (date(2026, 11, 5), shop.at("2026-11-06 00:00"))
    assert line.last_wrote_at == shop.at("2026-11-05 00:00")
    assert shop.limit() == ("100.00", "20.00", "80.00")


SINCE: list[tuple[str, date, list[str]]] = [
    # A part was due on 11 November; the merchant is told as the 12th starts.
    ("2026-11-11 23:59", date(2026, 11, 11), []),
    ("2026-11-12 00:00", date(2026, 11, 12), ["ORDER_OVERDUE"]),
    ("2026-12-01 00:00", date(2026, 12, 1), ["ORDER_OVERDUE"]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("at", "open_on", "told"), SINCE)
def test_what_happens_as_a_day_starts_happens_before_its_first_order(
    at: str, open_on: date, told: list[str]
) -> None:
    shop = shops.join("2026-11-01 09:00", credit_limit="100.00", payment_days=10)
    assert shop.place("2026-11-01 10:00", "A", "10.00") == "applied"
    shop.deliver("2026-11-01 10:00", "A")
    assert shop.place(at, "B", "10.00") == "applied"
    assert shop.line.open_on == open_on
    assert [notice.kind for notice in Notice.objects.filter(kind="ORDER_OVERDUE")] == told


@pytest.mark.django_db
def test_a_day_that_is_worked_off_between_reading_and_writing_is_not_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = shops.join("2026-11-02 09:00", credit_limit="100.00")
    see = lines.see

    def see_and_wait(*whose: Any, **more: Any) -> CreditLine | None:
        """Read the line on 3 November, and let the day-ends up to the 5th be worked off."""
        line = see(*whose, **more)
        assert line is not None
        assert line.open_on == date(2026, 11, 3)
        monkeypatch.setattr(lines, "see", see)
        days.work_off([shop.line.pk], now=shop.at("2026-11-05 10:00"))
        return line

    monkeypatch.setattr(lines, "see", see_and_wait)
    assert shop.place("2026-11-03 10:00", "A", "60.00") == "applied"
    line = shop.line
    assert (line.open_on, line.last_wrote_at) == (date(2026, 11, 5), shop.at("2026-11-05 00:00"))
    assert shop.limit() == ("100.00", "60.00", "40.00")
