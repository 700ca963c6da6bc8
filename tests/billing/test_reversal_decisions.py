"""A billing officer decides about a payment that was taken back, and where its money stands."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Invoice, Payment, Reversal
from billing.operations import closing, invoice_decisions, payment_methods, stripe_reversals
from credit.models import Freeze
from lib.refusals import Refused
from tests import shops
from tests.amounts import usd
from tests.billing import reversing
from tests.billing.at_stripe import invoice
from tests.billing.paying import unapplied
from tests.billing.reversing import (
    BY,
    account,
    decide,
    freezes,
    late_money,
    offended,
    recorded,
    told,
)
from tests.stripe_server import OddStripe, send_event
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

paid = pytest.fixture(reversing.paid)


def test_example_15_a_lost_dispute_is_charged_again_and_freezes_the_line_at_its_first_failure(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    assert invoice() == ("PAID", usd(250))

    decide(paid, "2026-11-06 09:00", "charge")
    assert recorded() == ["du_1 CHARGED 250.00 0.00 lost"]
    assert paid.invoices() == ["2026-11-02 THRESHOLD 250.00", "2026-11-06 THRESHOLD 250.00"]
    assert account(paid).outstanding == usd(0)
    charge = Reversal.objects.get().charge
    assert charge is not None
    assert (charge.fee_id, charge.amount) == ("payment-reversal", usd(250))
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


def charge_by_transfer(odd: OddStripe, paid: shops.Shop) -> None:
    """Charge what a lost dispute took back, on 6 November, to a shop that pays by transfer."""
    payment_methods.choose(
        merchant_id=paid.merchant.pk, method="manual", actor="mei@rosewood.example",
        now=paid.at("2026-11-03 09:00"),
    )  # fmt: skip
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")


@pytest.mark.full  # example 15 has a card's
def test_the_freeze_of_a_manual_bill_comes_as_its_due_day_starts(
    odd: OddStripe, paid: shops.Shop
) -> None:
    charge_by_transfer(odd, paid)
    paid.run_jobs("2026-11-12 23:00")
    assert freezes(paid) == []
    paid.run_jobs("2026-11-13 00:00")
    assert freezes(paid) == ["UNPAID_BILL 2026-11-13 00:00"]
    assert not offended()


@pytest.mark.full  # example 15 freezes another day
def test_a_line_whose_day_has_started_already_hears_of_the_freeze_at_once(
    odd: OddStripe, paid: shops.Shop
) -> None:
    charge_by_transfer(odd, paid)
    assert paid.place("2026-11-13 08:00", "A-1", "10.00") == "applied"  # works off the line's days
    paid.run_jobs("2026-11-13 09:00")
    assert freezes(paid) == ["UNPAID_BILL 2026-11-13 08:00"]
    assert not offended()


def test_accepted_it_asks_nothing_of_the_merchant(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "accept")
    assert recorded() == ["du_1 ACCEPTED 250.00 0.00 lost"]
    assert (paid.figures()[0], paid.invoices()) == ("0.00", ["2026-11-02 THRESHOLD 250.00"])
    assert told(paid) == ["RECORDED 2026-000001 250.00", "ACCEPTED 2026-000001 250.00"]
    row = TrailEntry.objects.get(action="REVERSAL_ACCEPTED")
    assert (row.reason, row.before, row.after) == (
        BY["reason"],
        {"status": "RECORDED", "charged": "0.00 USD"},
        {"status": "ACCEPTED", "charged": "0.00 USD"},
    )


@pytest.mark.full  # accepted by an operator, above
@pytest.mark.parametrize("reason", some(["duplicate", "fraudulent", "requested_by_customer"], 3))
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


@pytest.mark.full  # won before, above
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


@pytest.mark.full  # won before, above
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


@pytest.mark.full  # an answer needs both in test_two_texts.py
@pytest.mark.parametrize("said", some([{"reason": " "}, {"message": ""}, {"reason": "x" * 501}], 3))
def test_both_texts_are_asked_for(odd: OddStripe, paid: shops.Shop, said: dict[str, str]) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    for how in ("charge", "accept"):
        assert refusal(paid, how, **said) == "invalid"


def refusal(shop: shops.Shop, how: str, **said: Any) -> str:
    """The code by which this decision about the reversal is refused; nothing changes."""
    with nothing_changes(), pytest.raises(Refused) as refused:
        decide(shop, "2026-11-06 09:00", how, **said)
    return refused.value.code


def test_it_is_decided_once(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    assert refusal(paid, "charge") == "already_decided"
    assert refusal(paid, "accept") == "already_decided"


# Money that was unapplied.


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


@pytest.mark.full  # unapplied money is taken above
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
    assert paid.invoices()[-1] == "2026-11-05 THRESHOLD 210.00"
    odd.taken_back["disputes"][0]["status"] = "won"
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-05 16:00"))
    assert unapplied(paid)[-2:] == ["RECEIVED 250.00 250.00", "USED -210.00 40.00"]
    assert not offended()


@pytest.mark.full  # won, above
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
    # It is the same money, and can be taken back from there once more.
    odd.take_back("refunds", "pi_2", 25000)
    send_event("refund.created", "re_1")
    assert recorded()[-1] == "re_1 ACCEPTED 250.00 250.00 succeeded"
    assert unapplied(paid)[-1] == "REVERSED -250.00 0.00"
    assert not offended()


# Closed accounts.


def close(shop: shops.Shop, at: str) -> None:
    closing.close(merchant_id=shop.merchant.pk, now=shop.at(at), **BY)


@pytest.mark.full  # charged on an open one, above
def test_charged_on_a_closed_account_it_gets_a_final_bill(odd: OddStripe, paid: shops.Shop) -> None:
    odd.take_back("disputes", "pi_1", 25000)
    send_event("charge.dispute.created", "du_1")
    close(paid, "2026-11-06 08:00")
    decide(paid, "2026-11-06 09:00", "charge")
    assert paid.invoices()[-1] == "2026-11-06 FINAL 250.00"
    assert (paid.figures()[0], account(paid).is_closed) == ("0.00", True)
    assert not offended()


def test_nothing_is_paid_out_while_a_reversal_is_undecided(
    odd: OddStripe, paid: shops.Shop
) -> None:
    late_money(odd, paid)
    close(paid, "2026-11-06 08:00")
    odd.take_back("disputes", "pi_1", 25000)
    stripe_reversals.dispute("du_1", now=paid.at("2026-11-06 08:30"))
    with nothing_changes(), pytest.raises(closing.ReversalUndecided):
        pay_out(paid, "2026-11-06 09:00")
    decide(paid, "2026-11-06 10:00", "accept")
    pay_out(paid, "2026-11-06 11:00")
    assert unapplied(paid)[-1] == "GIVEN_BACK -250.00 0.00"
    assert not offended()


def pay_out(shop: shops.Shop, at: str) -> None:
    """Pay out the closed account's rest."""
    closing.pay_out_rest(merchant_id=shop.merchant.pk, reference="OUT-1", now=shop.at(at), **BY)


@pytest.mark.full  # test_unpaid_bill_freeze voids others
def test_voiding_the_bill_that_asks_again_lifts_the_freeze(
    odd: OddStripe, paid: shops.Shop
) -> None:
    odd.take_back("disputes", "pi_1", 25000, status="lost")
    send_event("charge.dispute.closed", "du_1")
    decide(paid, "2026-11-06 09:00", "charge")
    paid.run_jobs("2026-11-06 10:00")
    invoice_decisions.void(
        invoice_id=Invoice.objects.latest("pk").pk, now=paid.at("2026-11-06 11:00"), **BY
    )
    assert Freeze.objects.get().lifted_at == paid.at("2026-11-06 11:00")
    assert not offended()


@pytest.mark.full  # never more than it in test_reversals.py
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
