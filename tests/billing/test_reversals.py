"""Payments that Stripe took back are found, each once, and told."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import Error, connection, transaction

from billing.models import Reversal
from billing.operations import (
    stripe_reversals,
)
from jobs.timetable import job_named
from tests import shops
from tests.amounts import usd
from tests.billing import reversing
from tests.billing.at_stripe import attempts, billed_shop, collect, invoice
from tests.billing.reversing import account, look, recorded, told
from tests.stripe_server import OddStripe, send_event
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

paid = pytest.fixture(reversing.paid)


def test_a_lost_dispute_is_recorded_once_and_changes_neither_payment_nor_bill(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    assert send_event("charge.dispute.created", "du_1") == 200
    assert recorded() == ["du_1 RECORDED 250.00 0.00 needs_response"]
    odd.taken_back["disputes"][0]["status"] = "lost"
    assert send_event("charge.dispute.closed", "du_1") == 200
    assert send_event("charge.dispute.funds_withdrawn", "du_1") == 200
    look(paid, "2026-11-06 00:00")
    assert recorded() == ["du_1 RECORDED 250.00 0.00 lost"]
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))
    assert told(paid) == ["RECORDED 2026-000001 250.00"]


@pytest.mark.parametrize(
    ("kind", "object_id"),
    some(
        [
            ("charge.refunded", "ch_pi_1"),
            ("refund.created", "re_1"),
            ("refund.updated", "re_1"),
            ("charge.refund.updated", "re_1"),
        ],
        4,
    ),
)
def test_a_refund_is_found_by_each_of_its_events(
    odd: OddStripe, paid: shops.Shop, kind: str, object_id: str
) -> None:
    odd.take_back("refunds", "pi_1", 10000)
    assert send_event(kind, object_id) == 200
    assert recorded() == ["re_1 RECORDED 100.00 0.00 succeeded"]


def test_the_daily_look_finds_what_no_event_told_of(odd: OddStripe, paid: shops.Shop) -> None:
    odd.clock = paid.at("2026-11-04 10:00")
    for amount in (1000, 2000, 3000):  # more than fit on one of Stripe's pages
        odd.take_back("refunds", "pi_1", amount)
    odd.take_back("disputes", "pi_1", 4000, status="under_review")
    look(paid, "2026-11-06 00:00")
    assert sorted(recorded()) == [
        "du_1 RECORDED 40.00 0.00 under_review",
        "re_1 RECORDED 10.00 0.00 succeeded",
        "re_2 RECORDED 20.00 0.00 succeeded",
        "re_3 RECORDED 30.00 0.00 succeeded",
    ]
    with nothing_changes():
        look(paid, "2026-11-07 00:00")
    assert Reversal.objects.count() == 4
    assert {one.recorded_by for one in Reversal.objects.all()} == {"look-for-reversals"}


@pytest.mark.full  # the daily look finds it above
def test_a_dispute_is_looked_at_until_it_is_over_however_old_it_is(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.clock = paid.at("2026-11-04 10:00")
    odd.take_back("disputes", "pi_1", 25000)
    look(paid, "2026-11-06 00:00")
    odd.taken_back["disputes"][0]["status"] = "won"
    look(paid, "2027-02-10 00:00")
    assert recorded() == ["du_1 CANCELLED 250.00 0.00 won"]
    odd.requests.clear()
    look(paid, "2027-02-11 00:00")
    assert odd.requests == ["GET /v1/refunds", "GET /v1/disputes"]


@pytest.mark.full  # one bill in test_dunning.py
def test_one_that_is_at_fault_holds_up_none_of_the_others(
    odd: OddStripe, paid: shops.Shop, caplog: pytest.LogCaptureFixture
) -> None:
    odd.clock = paid.at("2026-11-04 10:00")
    odd.take_back("refunds", "pi_1", 1000)
    odd.take_back("refunds", "pi_1", 2000)["amount"] = "a lot"
    odd.take_back("refunds", "pi_1", 3000)
    failures = job_named("look-for-reversals").work_off([1], paid.at("2026-11-06 00:00"))
    assert list(failures) == [1]
    assert sorted(recorded()) == [
        "re_1 RECORDED 10.00 0.00 succeeded",
        "re_3 RECORDED 30.00 0.00 succeeded",
    ]
    assert "re_2 could not be taken" in caplog.text


def test_without_cards_or_a_key_nobody_is_asked(odd: OddStripe, settings: Any) -> None:
    shop = shops.join("2026-11-01 10:00")
    odd.requests.clear()
    look(shop, "2026-11-06 00:00")
    billed_shop(reference="second")
    settings.STRIPE_API_KEY = ""
    look(shop, "2026-11-07 00:00")
    assert odd.requests == []


@pytest.mark.parametrize(
    "status", some(["warning_needs_response", "warning_closed", "prevented"], 3)
)
def test_a_question_of_the_bank_takes_nothing(
    odd: OddStripe, paid: shops.Shop, status: str
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status=status)
    with nothing_changes():
        assert send_event("charge.dispute.created", "du_1") == 200
    assert recorded() == []
    assert not account(paid).has_disputed_card


def test_a_refund_that_never_went_through_is_none(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("refunds", "pi_1", 25000, status="failed")
    assert send_event("refund.failed", "re_1") == 200
    assert recorded() == []


def test_together_they_are_never_more_than_the_payment(
    odd: OddStripe, paid: shops.Shop, caplog: pytest.LogCaptureFixture
) -> None:
    odd.take_back("refunds", "pi_1", 10000)
    odd.take_back("disputes", "pi_1", 25000)
    odd.take_back("refunds", "pi_1", 100)
    for kind, object_id in (
        ("refund.created", "re_1"),
        ("charge.dispute.created", "du_1"),
        ("refund.created", "re_2"),
    ):
        assert send_event(kind, object_id) == 200
    assert recorded() == [
        "re_1 RECORDED 100.00 0.00 succeeded",
        "du_1 RECORDED 150.00 0.00 needs_response",
    ]
    assert "du_1 takes more than is left of payment T-2026-000001-1" in caplog.text
    assert "re_2 takes back what payment T-2026-000001-1 has no more" in caplog.text


@pytest.mark.full  # never more than the payment, above
def test_what_came_back_can_be_taken_back_again(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    odd.taken_back["disputes"][0]["status"] = "won"
    send_event("charge.dispute.closed", "du_1")
    odd.take_back("refunds", "pi_1", 25000)
    send_event("refund.created", "re_1")
    assert recorded() == [
        "du_1 CANCELLED 250.00 0.00 won",
        "re_1 RECORDED 250.00 0.00 succeeded",
    ]


@pytest.mark.full  # never more, above
def test_what_came_back_is_not_forgotten_once_it_was_taken_back_again(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    reversing.decide(paid, "2026-11-06 10:00", "accept")
    odd.taken_back["disputes"][0]["status"] = "won"
    send_event("charge.dispute.closed", "du_1")
    odd.take_back("refunds", "pi_1", 25000)
    send_event("refund.created", "re_1")
    # The database adds up what is taken back whenever a row of it changes.
    refused = pytest.raises(Error, match="reversals of a payment are no more than it")
    with nothing_changes(), refused, transaction.atomic():
        connection.cursor().execute(
            "UPDATE billing_reversal SET came_back_at = NULL WHERE provider_reference = 'du_1'"
        )


@pytest.mark.parametrize("change", [{"currency": "thb"}, *full({"payment_intent": None})])
def test_what_is_not_of_our_money_is_left_alone(
    odd: OddStripe, paid: shops.Shop, change: dict[str, Any]
) -> None:
    odd.take_back("refunds", "pi_1", 10000, **change)
    with nothing_changes():
        assert send_event("refund.created", "re_1") == 200
        assert send_event("refund.created", "re_unknown") == 200
    assert recorded() == []


def test_what_was_taken_from_others_with_the_same_account_is_left_alone(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.make({"amount": "500", "currency": "usd", "customer": "cus_9", "payment_method": "pm_9"})
    odd.take_back("refunds", "pi_2", 500)
    assert send_event("refund.created", "re_1") == 200
    assert recorded() == []


def test_a_dispute_that_overtakes_the_answer_settles_the_payment_first(odd: OddStripe) -> None:
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    assert attempts() == ["UNKNOWN"]
    odd.take_back("disputes", "pi_1", 25000)
    stripe_reversals.dispute("du_1", now=shop.at("2026-11-02 10:05"))
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))
    assert recorded() == ["du_1 RECORDED 250.00 0.00 needs_response"]


@pytest.mark.full  # of a payment in test_stripe_events.py
def test_while_stripe_can_not_be_asked_the_event_is_to_come_again(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("refunds", "pi_1", 10000)
    with odd.silent(), nothing_changes():
        assert send_event("refund.created", "re_1") == 503
    assert send_event("refund.created", "re_1") == 200
    assert recorded() == ["re_1 RECORDED 100.00 0.00 succeeded"]


@pytest.mark.full  # each event finds it, above
@pytest.mark.django_db(transaction=True)
def test_an_event_and_the_daily_look_at_once_record_it_once(odd: OddStripe) -> None:
    shop = billed_shop()
    collect(shop, "2026-11-02 10:00")
    odd.take_back("disputes", "pi_1", 25000)
    barrier = Barrier(4)
    now = shop.at("2026-11-05 12:00")

    def send(number: int) -> None:
        """Look at all of Stripe's, or hear of the dispute, by number."""
        barrier.wait()
        if number % 2:
            stripe_reversals.look(now=now)
        else:
            stripe_reversals.dispute("du_1", now=now)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert recorded() == ["du_1 RECORDED 250.00 0.00 needs_response"]
    assert told(shop) == ["RECORDED 2026-000001 250.00"]
