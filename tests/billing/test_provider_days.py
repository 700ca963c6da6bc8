"""What Stripe says that it took each day stands beside our own payments (22.24)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import LazySettings

from billing.jobs import LOOK_AT_DAYS
from billing.models import Payment, ProviderDay, UnappliedEntry
from billing.operations import (
    ended_payments,
    provider_days,
    settling,
    transfers,
    transfers_moved,
)
from billing.providers.registry import Answer
from jobs.silences import KeepsSilent, Silences
from merchants import installation
from tests import shops, stripe_server
from tests.amounts import usd
from tests.backoffice.shops_with_work import operator
from tests.billing.at_stripe import billed_shop, collect
from tests.factories import browser_of
from tests.shops import instant
from tests.stripe_server import OddStripe
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-04 00:00")
THE_2ND = date(2026, 11, 2)


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[OddStripe]:
    """A server that stands for Stripe, at 2 Nov 2026, 09:30 UTC, which is asked."""
    with stripe_server.odd_stripe() as server:
        server.clock = instant("2026-11-02 09:30")
        stripe_server.be_asked(settings, server.url)
        yield server


def theirs(stripe: OddStripe, key: str, amount: str) -> None:
    """A PaymentIntent that succeeded at Stripe, under this key."""
    form = {"amount": amount, "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}
    stripe.make(form | {"metadata[tael_payment]": key})


def figures() -> list[tuple[date, int, str, int, str]]:
    """The days at the provider: count and amount there, and those known here."""
    return [
        (one.day, one.count, f"{one.amount.amount:f}", one.known_count,
         f"{one.known_amount.amount:f}")
        for one in ProviderDay.objects.order_by("day")
    ]  # fmt: skip


def differences() -> list[dict[str, str]]:
    """What differs between the provider's days and ours."""
    return [said for one in ProviderDay.objects.order_by("day") for said in one.differences]


def test_a_days_figures_stand_beside_ours_and_differences_are_named(stripe: OddStripe) -> None:
    collect(billed_shop(), "2026-11-02 09:30")
    assert Payment.objects.get().status == "SUCCEEDED"
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 1, "250.00", 1, "250.00")]
    assert differences() == []
    # Of others who share the account, and of what did not succeed, nothing is counted.
    theirs(stripe, "Z-2026-000009-1", "9900")
    theirs(stripe, installation.outside("lost"), "3000")
    stripe.intents[-1]["created"] += 60
    theirs(stripe, installation.outside("failed"), "700")
    stripe.intents[-1]["status"] = "canceled"
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 2, "280.00", 1, "250.00")]
    (lost,) = differences()
    assert (lost["what"], lost["there"], lost["here"]) == ("not known here as paid", "30.00", "")
    # What was taken twice for one attempt is counted twice, and the second is not known here.
    key = Payment.objects.get().idempotency_key
    theirs(stripe, key, "25000")
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 3, "530.00", 1, "250.00")]
    twice = [said for said in differences() if said["reference"] == stripe.intents[-1]["id"]]
    assert [(said["what"], said["there"]) for said in twice] == [
        ("not known here as paid", "250.00")
    ]
    del stripe.intents[-1]
    # Another amount there, and then nothing.
    stripe.intents[0]["amount"] = 24900
    LOOK_AT_DAYS.run_here(NOW)
    assert {said["what"] for said in differences()} == {"another amount", "not known here as paid"}
    del stripe.intents[0]
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 1, "30.00", 1, "250.00")]
    assert {said["what"] for said in differences()} == {"not known here as paid", "not known there"}
    # The report adds it up, opens to the days, and asks nobody.
    asked = len(stripe.requests)
    browser = browser_of(operator())
    days = "currency=USD&start=2026-11-01&end=2026-11-03"
    page = text_of(browser.get(f"/admin/reports/payments-at-providers/?{days}"))
    assert "30.00 USD" in page
    assert "250.00 USD" in page
    assert "-220.00 USD" in page or "−220.00 USD" in page
    opened = text_of(browser.get(f"/admin/reports/payments-at-providers/rows/?{days}"))
    assert "not known there (here 250.00)" in opened
    assert len(stripe.requests) == asked
    # A day that is over for long stays as it was.
    with nothing_changes():
        provider_days.look(now=NOW + timedelta(days=9))


@pytest.mark.full  # differences are named above
def test_of_several_for_one_attempt_those_are_named_that_our_books_do_not_have(
    stripe: OddStripe,
) -> None:
    """250.00 of ours is the later one; the earlier one is found by an event, and kept."""
    collect(billed_shop(), "2026-11-02 09:30")
    payment = Payment.objects.get()
    theirs(stripe, payment.idempotency_key, "25000")
    stripe.intents.insert(0, stripe.intents.pop())
    earlier = stripe.intents[0]
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 2, "500.00", 1, "250.00")]
    assert [(said["reference"], said["what"]) for said in differences()] == [
        (earlier["id"], "not known here as paid")
    ]
    took = Answer(Payment.Status.SUCCEEDED, reference=earlier["id"])
    settling.settle(payment.pk, took, now=NOW)
    assert UnappliedEntry.objects.get().amount == usd(250)
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 2, "500.00", 2, "500.00")]
    assert differences() == []


@pytest.mark.full  # differences are named above
def test_money_of_an_attempt_that_had_failed_is_known_by_what_it_paid_after_all(
    stripe: OddStripe,
) -> None:
    """A second attempt of ours has it, under a key of its own that Stripe does not know."""
    stripe.mishaps.append("card_declined")
    collect(billed_shop(), "2026-11-02 09:30")
    payment = Payment.objects.get()
    assert payment.status == "FAILED"
    theirs(stripe, payment.idempotency_key, "25000")
    took = Answer(Payment.Status.SUCCEEDED, reference=stripe.intents[-1]["id"])
    settling.settle(payment.pk, took, now=instant("2026-11-02 11:00"))
    assert list(Payment.objects.order_by("pk").values_list("status", flat=True)) == [
        "FAILED",
        "SUCCEEDED",
    ]
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 1, "250.00", 1, "250.00")]
    assert differences() == []


def test_money_of_an_attempt_that_a_person_ended_is_known_by_the_transfer_it_was_recorded_as(
    stripe: OddStripe,
) -> None:
    shop = billed_shop()
    stripe.before_reply = lambda key: (stripe.find(key) or {}).update(amount_received=24900)
    collect(shop, "2026-11-02 09:30")
    payment = Payment.objects.get()
    LOOK_AT_DAYS.run_here(NOW)
    assert figures() == [(THE_2ND, 1, "249.00", 0, "0.00")]
    assert [said["what"] for said in differences()] == ["not known here as paid"]
    ended_payments.end(
        payment_id=payment.pk, arrived=usd(249), reference="pi_1", now=instant("2026-11-03 10:00"),
        actor="olga@tael.example", reason="Stripe's own page says so, too.",
    )  # fmt: skip
    LOOK_AT_DAYS.run_here(NOW)
    assert (figures(), differences()) == ([(THE_2ND, 1, "249.00", 1, "249.00")], [])
    # It is another shop's by now, then nobody's, and was then recorded with another amount.
    other = shops.join("2026-11-02 12:00", "tallow", plan_price="0.00")
    said: dict[str, Any] = {
        "reason": "as agreed", "told": "It was another shop's.", "actor": "olga@tael.example",
        "now": instant("2026-11-03 11:00"),
    }  # fmt: skip
    transfers_moved.move(transfer_id=shop.account.transfers.get().pk, to="tallow", **said)
    LOOK_AT_DAYS.run_here(NOW)
    assert (figures(), differences()) == ([(THE_2ND, 1, "249.00", 1, "249.00")], [])
    transfers_moved.move(transfer_id=other.account.transfers.get().pk, to="", **said)
    LOOK_AT_DAYS.run_here(NOW)
    assert [said["what"] for said in differences()] == ["not known here as paid"]
    transfers.receive(
        merchant_id=shop.merchant.pk, amount=usd(250), reference="pi_1", actor="olga",
        now=instant("2026-11-03 12:00"),
    )  # fmt: skip
    LOOK_AT_DAYS.run_here(NOW)
    assert differences() == [
        {"reference": "pi_1", "what": "another amount", "there": "249.00", "here": "250.00"}
    ]


@pytest.mark.full  # one that answers, above
def test_a_provider_that_is_silent_is_asked_again_by_the_next_look(
    stripe: OddStripe,
) -> None:
    collect(billed_shop(), "2026-11-02 09:30")
    with stripe.silent(), nothing_changes(), pytest.raises(KeepsSilent):
        provider_days.look_at(1, now=NOW, silences=Silences(()))
    provider_days.look_at(1, now=NOW, silences=Silences(()))
    assert figures() == [(THE_2ND, 1, "250.00", 1, "250.00")]
