"""Money that comes for an attempt which we hold for failed."""

from typing import Any

import pytest

from billing.models import Payment, UnappliedEntry
from billing.providers.registry import Answer
from tests.billing.paying import (
    FIRST,
    Told,
    attempts,
    give_back,
    hear,
    pay_now,
    state,
    told_shop,
    transfer,
    unapplied,
    void,
)
from tests.threads import at_once
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def failed_shop(provider: Told) -> Any:
    """A shop whose first bill was tried once, which failed."""
    shop = told_shop()
    provider.answers = [Answer.failed("insufficient_funds", reference="pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    return shop


def test_late_money_pays_the_open_bill(provider: Told) -> None:
    shop = failed_shop(provider)
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert state() == "PAID 39.00/39.00"
    first, second = Payment.objects.order_by("attempt")
    assert (first.status, second.status) == ("FAILED", "SUCCEEDED")
    assert (second.provider_reference, second.idempotency_key) == ("pi-1", f"T-{FIRST}-2")
    with nothing_changes():
        hear(shop, "2026-11-01 13:00", Answer.succeeded("pi-1"))
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 2
    assert not UnappliedEntry.objects.exists()


def test_late_money_for_a_bill_that_is_paid_is_unapplied(provider: Told) -> None:
    shop = failed_shop(provider)
    transfer(shop, "2026-11-01 11:30", "39.00")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    entry = UnappliedEntry.objects.get()
    assert (entry.reference, entry.source, str(entry.payment)) == (
        "pi-1",
        f"attempt:T-{FIRST}-1:pi-1",
        f"T-{FIRST}-1",
    )
    assert unapplied(shop) == ["RECEIVED 39.00 39.00"]
    with nothing_changes():
        hear(shop, "2026-11-01 12:05", Answer.succeeded("pi-1"))


def test_money_that_is_taken_twice_for_one_attempt_is_unapplied_the_second_time(
    provider: Told,
) -> None:
    shop = told_shop()
    shop.run_jobs("2026-11-01 11:00")
    assert state() == "PAID 39.00/39.00"
    with nothing_changes():
        hear(shop, "2026-11-01 12:00", Answer.succeeded(f"pi-T-{FIRST}-1"))
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-again"))
    with nothing_changes():
        hear(shop, "2026-11-01 12:05", Answer.succeeded("pi-again"))
    hear(shop, "2026-11-01 12:10", Answer.succeeded("pi-a third time"))
    assert unapplied(shop) == ["RECEIVED 39.00 39.00", "RECEIVED 39.00 78.00"]
    assert state() == "PAID 39.00/39.00"


@pytest.mark.parametrize(
    ("what", "then", "left"),
    [
        ("a part is paid", "PAID 39.00/39.00", ["RECEIVED 39.00 39.00", "USED -38.99 0.01"]),
        *full(
            ("it is void", "VOID 0.00/39.00", ["RECEIVED 39.00 39.00"]),
            ("another is under way", "OPEN 0.00/39.00", ["RECEIVED 39.00 39.00"]),
        ),
    ],
)
def test_late_money_that_the_bill_does_not_want_exactly_is_unapplied(
    provider: Told, what: str, then: str, left: list[str]
) -> None:
    shop = failed_shop(provider)
    if what == "a part is paid":
        transfer(shop, "2026-11-01 11:30", "0.01")
    elif what == "it is void":
        void(shop, "2026-11-01 11:30")
    else:
        provider.answers = [Answer.undecided("pi-2")]
        pay_now(shop, "2026-11-01 11:30")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert (state(), unapplied(shop)) == (then, left)


@pytest.mark.full  # late money pays above
def test_the_attempt_under_way_fails_and_the_late_money_pays(provider: Told) -> None:
    shop = failed_shop(provider)
    provider.answers = [Answer.undecided("pi-2")]
    pay_now(shop, "2026-11-01 11:30")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    hear(shop, "2026-11-01 12:01", Answer.failed("insufficient_funds"), f"T-{FIRST}-2")
    assert (state(), unapplied(shop)) == (
        "PAID 39.00/39.00",
        ["RECEIVED 39.00 39.00", "USED -39.00 0.00"],
    )
    with nothing_changes():
        hear(shop, "2026-11-01 14:00", Answer.succeeded("pi-1"))


def test_late_money_that_was_given_back_does_not_pay_when_it_is_told_again(provider: Told) -> None:
    shop = failed_shop(provider)
    provider.answers = [Answer.undecided("pi-2")]
    pay_now(shop, "2026-11-01 11:30")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert give_back(shop, "2026-11-01 12:00", "39.00") == "GIVEN_BACK 39.00"
    hear(shop, "2026-11-01 12:01", Answer.failed("insufficient_funds"), f"T-{FIRST}-2")
    with nothing_changes():
        hear(shop, "2026-11-01 14:00", Answer.succeeded("pi-1"))
    assert state() == "OPEN 0.00/39.00"


@pytest.mark.full  # an event that overtakes in test_stripe_events.py
@pytest.mark.django_db(transaction=True)
def test_the_same_message_four_times_at_once_pays_once(provider: Told) -> None:
    shop = failed_shop(provider)
    at_once(lambda _: hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1")), threads=4)
    assert state() == "PAID 39.00/39.00"
    assert Payment.objects.filter(status="SUCCEEDED").count() == 1
    assert not UnappliedEntry.objects.exists()
