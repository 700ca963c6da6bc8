"""Money that comes for an attempt which we hold for failed."""

from typing import Any

import pytest

from billing.models import Payment, StrayPayment
from billing.providers import Answer
from tests.billing.paying import (
    FIRST,
    Told,
    attempts,
    hear,
    pay_now,
    settle_stray,
    state,
    told_shop,
    transfer,
    unchanged,
    void,
)
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def failed_shop(provider: Told) -> Any:
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
    with unchanged(shop):
        hear(shop, "2026-11-01 13:00", Answer.succeeded("pi-1"))
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 2
    assert not StrayPayment.objects.exists()


def test_late_money_for_a_bill_that_is_paid_waits_for_an_operator(provider: Told) -> None:
    shop = failed_shop(provider)
    transfer(shop, "2026-11-01 11:30", "39.00")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    stray = StrayPayment.objects.get()
    assert (stray.provider_reference, str(stray.amount), stray.status) == (
        "pi-1",
        "39.0000",
        "OPEN",
    )
    with unchanged(shop):
        hear(shop, "2026-11-01 12:05", Answer.succeeded("pi-1"))


@pytest.mark.parametrize("what", ["a part is paid", "it is void", "another is under way"])
def test_late_money_that_the_bill_does_not_want_exactly_waits(provider: Told, what: str) -> None:
    shop = failed_shop(provider)
    if what == "a part is paid":
        transfer(shop, "2026-11-01 11:30", "0.01")
    elif what == "it is void":
        void(shop, "2026-11-01 11:30")
    else:
        provider.answers = [Answer.undecided("pi-2")]
        pay_now(shop, "2026-11-01 11:30")
    before = state()
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert state() == before
    assert StrayPayment.objects.get().provider_reference == "pi-1"


def test_late_money_that_was_given_back_does_not_pay_when_it_is_told_again(provider: Told) -> None:
    shop = failed_shop(provider)
    provider.answers = [Answer.undecided("pi-2")]
    pay_now(shop, "2026-11-01 11:30")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    hear(shop, "2026-11-01 12:01", Answer.failed("insufficient_funds"), f"T-{FIRST}-2")
    assert settle_stray(shop, "2026-11-01 13:00") == "SETTLED"
    with unchanged(shop):
        hear(shop, "2026-11-01 14:00", Answer.succeeded("pi-1"))
    assert state() == "OPEN 0.00/39.00"


def test_a_stray_payment_is_settled_once_with_a_reason(provider: Told) -> None:
    shop = failed_shop(provider)
    transfer(shop, "2026-11-01 11:30", "39.00")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    with unchanged(shop):
        assert settle_stray(shop, "2026-11-01 13:00", " ") == "invalid"
    assert settle_stray(shop, "2026-11-01 13:00") == "SETTLED"
    with unchanged(shop):
        assert settle_stray(shop, "2026-11-01 14:00", "again") == "already_settled"
    stray = StrayPayment.objects.get()
    assert (stray.settled_by, stray.reason) == ("olga@tael.example", "given back")


@pytest.mark.django_db(transaction=True)
def test_the_same_message_four_times_at_once_pays_once(provider: Told) -> None:
    shop = failed_shop(provider)
    at_once(lambda _: hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1")), threads=4)
    assert state() == "PAID 39.00/39.00"
    assert Payment.objects.filter(status="SUCCEEDED").count() == 1
    assert not StrayPayment.objects.exists()
