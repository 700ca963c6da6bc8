"""Payments that Stripe took back: found once, told, and decided by a billing officer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from billing.models import BillingAccount, Invoice, Payment, Reversal
from billing.operations import (
    bill_decisions,
    payment_methods,
    payments,
    reversals,
    stripe_reversals,
    terms,
)
from credit.models import Freeze
from jobs.timetable import job_named
from lib import audit
from lib.refusals import Refused
from notices.models import Notice
from tests import shops
from tests.billing.at_stripe import attempts, bill, billed_shop, collect
from tests.billing.paying import unapplied
from tests.stripe_server import OddStripe, send_event
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

BY = {"actor": "olga@tael.example", "reason": "The bank has sided with its client."}
TOLD = {"message": "Your bank has taken the payment back."}


@pytest.fixture
def paid(odd: OddStripe, monkeypatch: pytest.MonkeyPatch) -> shops.Shop:
    """A bill of 250.00, paid from pm_1 by pi_1; events come on 5 November, at 12:00."""
    shop = billed_shop()
    collect(shop, "2026-11-02 10:00")
    assert bill() == ("PAID", Decimal(250))
    at_noon(monkeypatch, shop, "2026-11-05 12:00")
    return shop


def at_noon(monkeypatch: pytest.MonkeyPatch, shop: shops.Shop, at: str) -> None:
    monkeypatch.setattr("billing.webhooks.clock.now", lambda: shop.at(at))


def recorded() -> list[str]:
    """`REFERENCE STATUS amount taken state` of each reversal."""
    return [
        f"{one.provider_reference} {one.status} {one.amount:.2f} {one.taken:.2f} {one.state}"
        for one in Reversal.objects.order_by("pk")
    ]


def decide(shop: shops.Shop, at: str, how: str, **said: Any) -> Reversal:
    reversal = Reversal.objects.latest("pk")
    operation = getattr(reversals, how)
    given = {"seen": reversal.seen, **BY, **TOLD, **said}
    decided: Reversal = operation(reversal_id=reversal.pk, now=shop.at(at), **given)
    return decided


def look(shop: shops.Shop, at: str) -> None:
    """What the timetable does once a day."""
    job_named("look-for-reversals").run_here(shop.at(at))


def told(shop: shops.Shop) -> list[str]:
    notices = Notice.objects.filter(merchant=shop.merchant, kind="PAYMENT_REVERSED")
    return [
        f"{notice.details['status']} {notice.details['number']} {notice.details['amount']}"
        for notice in notices.order_by("pk")
    ]


def offended() -> list[str]:
    """What the audit says is not so."""
    findings = audit.run(audit.registered(), now=shops.instant("2100-01-01 00:00"))
    return [f"{found.check.name}: {found.listed}" for found in findings if found.violations]


def freezes(shop: shops.Shop) -> list[str]:
    found = Freeze.objects.filter(line_id=shop.merchant.pk).order_by("pk")
    return [f"{freeze.reason} {freeze.placed_at:%Y-%m-%d %H:%M}" for freeze in found]


# Found.


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
    assert (attempts(), bill()) == (["SUCCEEDED"], ("PAID", Decimal(250)))
    assert told(paid) == ["RECORDED 2026-000001 250.00"]


@pytest.mark.parametrize(
    ("kind", "object_id"),
    [
        ("charge.refunded", "ch_pi_1"),
        ("refund.created", "re_1"),
        ("refund.updated", "re_1"),
        ("charge.refund.updated", "re_1"),
    ],
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
    with paid.unchanged():
        look(paid, "2026-11-07 00:00")
    assert Reversal.objects.count() == 4
    assert {one.recorded_by for one in Reversal.objects.all()} == {"look-for-reversals"}


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


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_closed", "prevented"])
def test_a_question_of_the_bank_takes_nothing(
    odd: OddStripe, paid: shops.Shop, status: str
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status=status)
    with paid.unchanged():
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
    assert "du_1 takes 150.0000 of payment T-2026-000001-1, which has less" in caplog.text
    assert "re_2 takes back what payment T-2026-000001-1 has no more" in caplog.text


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


@pytest.mark.parametrize("change", [{"currency": "thb"}, {"payment_intent": None}])
def test_what_is_not_of_our_money_is_left_alone(
    odd: OddStripe, paid: shops.Shop, change: dict[str, Any]
) -> None:
    odd.take_back("refunds", "pi_1", 10000, **change)
    with paid.unchanged():
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
    assert (attempts(), bill()) == (["SUCCEEDED"], ("PAID", Decimal(250)))
    assert recorded() == ["du_1 RECORDED 250.00 0.00 needs_response"]


def test_while_stripe_can_not_be_asked_the_event_is_to_come_again(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("refunds", "pi_1", 10000)
    odd.is_silent = True
    with paid.unchanged():
        assert send_event("refund.created", "re_1") == 503
    odd.is_silent = False
    assert send_event("refund.created", "re_1") == 200
    assert recorded() == ["re_1 RECORDED 100.00 0.00 succeeded"]


@pytest.mark.django_db(transaction=True)
def test_an_event_and_the_daily_look_at_once_record_it_once(odd: OddStripe) -> None:
    shop = billed_shop()
    collect(shop, "2026-11-02 10:00")
    odd.take_back("disputes", "pi_1", 25000)
    barrier = Barrier(4)
    now = shop.at("2026-11-05 12:00")

    def send(number: int) -> None:
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


# Decided.


def test_example_15_a_lost_dispute_is_charged_again_and_freezes_the_line_at_its_first_failure(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    assert bill() == ("PAID", Decimal(250))

    decide(paid, "2026-11-06 09:00", "charge")
    assert recorded() == ["du_1 CHARGED 250.00 0.00 lost"]
    assert paid.bills() == ["2026-11-02 THRESHOLD 250.00", "2026-11-06 THRESHOLD 250.00"]
    assert account(paid).outstanding == 0
    charge = Reversal.objects.get().charge
    assert charge is not None
    assert (charge.fee_id, charge.amount) == ("payment-reversal", Decimal(250))
    assert charge.statement is None
    assert freezes(paid) == []

    paid.run_jobs("2026-11-06 10:00")
    again = Invoice.objects.latest("pk")
    assert (again.status, again.first_failed_at) == ("OPEN", paid.at("2026-11-06 10:00"))
    assert freezes(paid) == ["UNPAID_BILL 2026-11-06 10:00"]
    assert paid.place("2026-11-06 10:05", "A-1", "10.00") == "declined line_frozen"
    assert Invoice.objects.earliest("pk").status == "PAID"
    assert told(paid) == ["RECORDED 2026-000001 250.00", "CHARGED 2026-000001 250.00"]
    assert not offended()


def test_the_freeze_of_a_manual_bill_comes_as_its_due_day_starts(
    odd: OddStripe, paid: shops.Shop
) -> None:
    payment_methods.choose(
        merchant_id=paid.merchant.pk, method="manual", actor="mei@rosewood.example",
        now=paid.at("2026-11-03 09:00"),
    )  # fmt: skip
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    paid.run_jobs("2026-11-12 23:00")
    assert freezes(paid) == []
    paid.run_jobs("2026-11-13 00:00")
    assert freezes(paid) == ["UNPAID_BILL 2026-11-13 00:00"]
    assert not offended()


def test_a_line_whose_day_has_started_already_hears_of_the_freeze_at_once(
    odd: OddStripe, paid: shops.Shop
) -> None:
    payment_methods.choose(
        merchant_id=paid.merchant.pk, method="manual", actor="mei@rosewood.example",
        now=paid.at("2026-11-03 09:00"),
    )  # fmt: skip
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    assert paid.place("2026-11-13 08:00", "A-1", "10.00") == "applied"  # works off the line's days
    paid.run_jobs("2026-11-13 09:00")
    assert freezes(paid) == ["UNPAID_BILL 2026-11-13 08:00"]
    assert not offended()


def test_accepted_it_asks_nothing_of_the_merchant(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "accept")
    assert recorded() == ["du_1 ACCEPTED 250.00 0.00 lost"]
    assert (paid.figures()[0], paid.bills()) == ("0.00", ["2026-11-02 THRESHOLD 250.00"])
    assert told(paid) == ["RECORDED 2026-000001 250.00", "ACCEPTED 2026-000001 250.00"]
    row = TrailEntry.objects.get(action="REVERSAL_ACCEPTED")
    assert (row.reason, row.before, row.after) == (
        BY["reason"],
        {"status": "RECORDED", "charged": "0.00 USD"},
        {"status": "ACCEPTED", "charged": "0.00 USD"},
    )


@pytest.mark.parametrize("reason", ["duplicate", "fraudulent", "requested_by_customer"])
def test_what_we_refunded_ourselves_is_accepted_at_once(
    odd: OddStripe, paid: shops.Shop, reason: str
) -> None:
    odd.take_back("refunds", "pi_1", 10000, reason=reason)
    send_event("refund.created", "re_1")
    assert recorded() == ["re_1 ACCEPTED 100.00 0.00 succeeded"]
    assert told(paid) == ["REFUNDED 2026-000001 100.00"]
    assert not offended()


def test_a_dispute_that_is_won_comes_to_nothing(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    odd.taken_back["disputes"][0]["status"] = "won"
    for _ in range(2):
        assert send_event("charge.dispute.funds_reinstated", "du_1") == 200
    assert recorded() == ["du_1 CANCELLED 250.00 0.00 won"]
    assert unapplied(paid) == []
    assert told(paid) == ["RECORDED 2026-000001 250.00", "CAME_BACK 2026-000001 250.00"]
    assert refusal(paid, "charge") == "already_decided"
    assert not offended()


def test_money_back_after_it_was_charged_is_unapplied_and_pays_what_is_open(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    decide(paid, "2026-11-05 13:00", "charge")
    odd.taken_back["disputes"][0]["status"] = "won"
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-05 14:00"))
    stripe_reversals.look(now=paid.at("2026-11-05 15:00"))
    assert recorded() == ["du_1 CHARGED 250.00 0.00 won"]
    assert unapplied(paid) == ["RECEIVED 250.00 250.00", "USED -250.00 0.00"]
    assert Invoice.objects.latest("pk").status == "PAID"
    assert not offended()


def test_money_back_after_it_was_accepted_stays_with_us(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    decide(paid, "2026-11-05 13:00", "accept")
    odd.taken_back["disputes"][0]["status"] = "won"
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-05 14:00"))
    assert recorded() == ["du_1 ACCEPTED 250.00 0.00 won"]
    assert unapplied(paid) == []
    assert not offended()


def test_a_decision_rests_on_what_its_page_showed(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    seen = Reversal.objects.get().seen
    odd.taken_back["disputes"][0]["status"] = "under_review"
    send_event("charge.dispute.updated", "du_1")
    for how in ("charge", "accept"):
        assert refusal(paid, how, seen=seen) == "changed_meanwhile"


@pytest.mark.parametrize("said", [{"reason": " "}, {"message": ""}, {"reason": "x" * 501}])
def test_both_texts_are_asked_for(odd: OddStripe, paid: shops.Shop, said: dict[str, str]) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    for how in ("charge", "accept"):
        assert refusal(paid, how, **said) == "invalid"


def refusal(shop: shops.Shop, how: str, **said: Any) -> str:
    with shop.unchanged(), pytest.raises(Refused) as refused:
        decide(shop, "2026-11-06 09:00", how, **said)
    return refused.value.code


def test_it_is_decided_once(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    assert refusal(paid, "charge") == "already_decided"
    assert refusal(paid, "accept") == "already_decided"


# Money that was unapplied.


def late_money(odd: OddStripe, shop: shops.Shop) -> None:
    """pi_2 came for the attempt that pi_1 had paid, and is unapplied."""
    odd.make(
        {"amount": "25000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"},
        metadata={"tael_payment": "T-2026-000001-1"},
    )
    assert send_event("payment_intent.succeeded", "pi_2") == 200
    assert unapplied(shop) == ["RECEIVED 250.00 250.00"]


def test_a_reversal_of_unapplied_money_takes_from_there_and_leaves_nothing_to_decide(
    odd: OddStripe, paid: shops.Shop
) -> None:
    late_money(odd, paid)
    odd.take_back("refunds", "pi_2", 25000)
    send_event("refund.created", "re_1")
    assert recorded() == ["re_1 ACCEPTED 250.00 250.00 succeeded"]
    assert unapplied(paid) == ["RECEIVED 250.00 250.00", "REVERSED -250.00 0.00"]
    assert told(paid) == ["TAKEN 2026-000001 250.00"]
    assert not offended()


def test_what_was_used_of_unapplied_money_is_to_be_decided(
    odd: OddStripe, paid: shops.Shop
) -> None:
    late_money(odd, paid)
    paid.charge("2026-11-05 13:00", "pick-pack", "210.00")  # a bill that it pays
    assert unapplied(paid)[-1] == "USED -210.00 40.00"
    odd.take_back("disputes", "pi_2", 25000)
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-05 14:00"))
    assert recorded() == ["du_1 RECORDED 250.00 40.00 needs_response"]
    decide(paid, "2026-11-05 15:00", "charge")
    assert paid.bills()[-1] == "2026-11-05 THRESHOLD 210.00"
    odd.taken_back["disputes"][0]["status"] = "won"
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-05 16:00"))
    assert unapplied(paid)[-2:] == ["RECEIVED 250.00 250.00", "USED -210.00 40.00"]
    assert not offended()


def test_what_was_taken_from_unapplied_money_comes_back_when_the_dispute_is_won(
    odd: OddStripe, paid: shops.Shop
) -> None:
    late_money(odd, paid)
    odd.take_back("disputes", "pi_2", 25000)
    send_event("charge.dispute.created", "du_1")
    odd.taken_back["disputes"][0]["status"] = "won"
    send_event("charge.dispute.closed", "du_1")
    assert unapplied(paid) == [
        "RECEIVED 250.00 250.00",
        "REVERSED -250.00 0.00",
        "RECEIVED 250.00 250.00",
    ]
    assert not offended()


# Closed accounts.


def close(shop: shops.Shop, at: str) -> None:
    terms.close(merchant_id=shop.merchant.pk, now=shop.at(at), **BY)


def test_charged_on_a_closed_account_it_gets_a_final_bill(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    close(paid, "2026-11-06 08:00")
    decide(paid, "2026-11-06 09:00", "charge")
    assert paid.bills()[-1] == "2026-11-06 FINAL 250.00"
    assert (paid.figures()[0], account(paid).is_closed) == ("0.00", True)
    assert not offended()


def test_nothing_is_paid_out_while_a_reversal_is_undecided(
    odd: OddStripe, paid: shops.Shop
) -> None:
    late_money(odd, paid)
    close(paid, "2026-11-06 08:00")
    odd.take_back("disputes", "pi_1", 25000)
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-06 08:30"))
    with paid.unchanged(), pytest.raises(terms.ReversalUndecided):
        pay_out(paid, "2026-11-06 09:00")
    decide(paid, "2026-11-06 10:00", "accept")
    pay_out(paid, "2026-11-06 11:00")
    assert unapplied(paid)[-1] == "GIVEN_BACK -250.00 0.00"
    assert not offended()


def pay_out(shop: shops.Shop, at: str) -> None:
    terms.pay_out_rest(merchant_id=shop.merchant.pk, reference="OUT-1", now=shop.at(at), **BY)


# The disputed card.


def account(shop: shops.Shop) -> BillingAccount:
    return BillingAccount.objects.get(pk=shop.merchant.pk)


@pytest.fixture
def disputed(odd: OddStripe, paid: shops.Shop) -> shops.Shop:
    """The card's payment is disputed, and there is a bill of 300.00."""
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert account(paid).has_disputed_card
    assert paid.charge("2026-11-05 13:00", "pick-pack", "300.00") == "applied"
    odd.requests.clear()
    return paid


def last_attempts() -> list[str]:
    payments = Invoice.objects.latest("pk").payments.order_by("attempt")
    return [f"{payment.status} {payment.failure}".strip() for payment in payments]


def test_a_disputed_card_is_not_asked_again(odd: OddStripe, disputed: shops.Shop) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    disputed.run_jobs("2026-11-20 14:00")
    assert last_attempts() == ["FAILED card_disputed"]
    assert not any(request.startswith("POST") for request in odd.requests)
    assert freezes(disputed) == []  # an ordinary bill freezes the line after 28 days
    assert not offended()


def test_nor_may_somebody_pay_with_it_now(odd: OddStripe, disputed: shops.Shop) -> None:
    with disputed.unchanged(), pytest.raises(payments.CardDisputed):
        payments.pay_now(
            invoice_id=Invoice.objects.latest("pk").pk,
            actor="mei@rosewood.example",
            now=disputed.at("2026-11-05 14:00"),
        )
    assert odd.requests == []


def test_it_is_asked_again_once_its_merchant_has_chosen_it_anew(
    odd: OddStripe, disputed: shops.Shop
) -> None:
    disputed.run_jobs("2026-11-05 14:00")
    before = account(disputed)
    payment_methods.choose(
        merchant_id=before.pk, method="stripe", card_id=before.card_id,
        actor="mei@rosewood.example", now=disputed.at("2026-11-06 09:00"),
    )  # fmt: skip
    assert not account(disputed).has_disputed_card
    disputed.run_jobs("2026-11-06 10:00")
    assert last_attempts() == ["FAILED card_disputed", "SUCCEEDED"]
    row = TrailEntry.objects.filter(action="METHOD_CHANGED").latest("pk")
    assert (row.before, row.after) == (
        {"payment_method": "stripe Visa ···· 4242, disputed"},
        {"payment_method": "stripe Visa ···· 4242"},
    )
    assert not offended()


def test_a_dispute_of_another_card_stops_nothing(odd: OddStripe, paid: shops.Shop) -> None:
    payment_methods.add_card(
        merchant_id=paid.merchant.pk, provider="stripe", token="pm_2", customer="cus_1",
        brand="visa", last_four="1881", actor="mei@rosewood.example",
        now=paid.at("2026-11-03 09:00"),
    )  # fmt: skip
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    assert not account(paid).has_disputed_card


def test_voiding_the_bill_that_asks_again_lifts_the_freeze(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    paid.run_jobs("2026-11-06 10:00")
    bill_decisions.void(
        invoice_id=Invoice.objects.latest("pk").pk, now=paid.at("2026-11-06 11:00"), **BY
    )
    assert Freeze.objects.get().lifted_at == paid.at("2026-11-06 11:00")
    assert not offended()


def test_the_money_of_a_payment_is_counted_by_itself(odd: OddStripe, paid: shops.Shop) -> None:
    """What came twice for one attempt can be taken back twice."""
    late_money(odd, paid)
    odd.take_back("refunds", "pi_1", 25000)
    odd.take_back("refunds", "pi_2", 25000)
    send_event("refund.created", "re_1")
    send_event("refund.created", "re_2")
    assert recorded() == [
        "re_1 RECORDED 250.00 0.00 succeeded",
        "re_2 ACCEPTED 250.00 250.00 succeeded",
    ]
    assert Payment.objects.count() == 1
    assert Reversal.objects.latest("pk").recorded_at - Payment.objects.get().started_at > timedelta(
        days=3
    )
