"""What is left of a bill, or a part of it, is not asked for: a credit that pays it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Waiver
from billing.operations import waivers
from billing.operations.invoice_decisions import InvoiceNotOpen
from billing.operations.payments import PaymentUnderWay
from billing.operations.waivers import MoreThanIsLeft
from billing.providers.registry import Answer
from lib.form_keys import FormConflict
from lib.refusals import Invalid
from merchants.models import OperatorDecision
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.by_hand import OPERATOR, TEXTS, TOLD, WHY, assert_audited, notices, waive
from tests.billing.pages import read
from tests.billing.paying import (
    FIRST,
    SECOND,
    Told,
    choose,
    give_up,
    invoice,
    manual,
    means,
    state,
    told_shop,
    transfer,
    void,
)
from tests.factories import OperatorPolicyFactory
from tests.two_people import FIRST as PROPOSER
from tests.two_people import confirm, officer, propose
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

AT = "2026-11-03 12:00"


def charges(shop: shops.Shop) -> list[str]:
    """`fee amount` of Tael's own charges but plan fees."""
    own = shop.account.charges.filter(reference__startswith="tael:").exclude(fee="plan")
    return [f"{one.fee_id} {one.amount.amount:.2f}" for one in own.order_by("pk")]


def test_all_that_is_left_is_paid_by_a_credit() -> None:
    shop = manual()
    transfer(shop, "2026-11-02 12:00", "30.00")
    made = waive(shop, AT, "9.00")
    assert state() == "PAID 39.00/39.00"
    assert means() == ["manual 30.00 SUCCEEDED", "credit 9.00 SUCCEEDED"]
    assert charges(shop) == ["credit-bill-waived -9.00", "credit-used 9.00"]
    assert shop.figures() == ("0.00", "0.00")
    assert (made.charge.reference, made.payment.idempotency_key) == (
        f"tael:waived:{FIRST}:1",
        f"T-{FIRST}-2",
    )
    (entry,) = TrailEntry.objects.filter(action="INVOICE_WAIVED")
    assert (entry.subject, entry.actor, entry.reason) == (FIRST, OPERATOR, WHY)
    assert (entry.before, entry.after) == (
        {"status": "OPEN", "left_to_pay": "9.00 USD"},
        {"status": "PAID", "left_to_pay": "0.00 USD"},
    )
    assert notices(shop, "WAIVED") == [
        {"number": FIRST, "amount": "9.00", "left": "0.00", "currency": "USD", "reason": TOLD}
    ]
    assert_audited(shop, AT)


def test_a_part_leaves_the_rest_to_pay_and_the_next_bill_shows_both_lines() -> None:
    shop = manual()
    waive(shop, AT, "9.00")
    assert state() == "OPEN 9.00/39.00"
    waive(shop, AT, "10.00", request_key="form-2")
    assert (state(), shop.figures()[0]) == ("OPEN 19.00/39.00", "0.00")
    shop.charge("2026-11-04 10:00", "pick-pack", "200.00")
    assert shop.lines("2026-11-04", "THRESHOLD") == [
        "credit-bill-waived 2026-11-03 -19.00",
        "credit-used 2026-11-03 19.00",
        "pick-pack 2026-11-04 200.00",
    ]
    assert_audited(shop, "2026-11-04 10:00")


@pytest.mark.full  # the rest is left to pay, above
def test_what_waits_above_the_threshold_is_not_billed_with_one_half_of_it() -> None:
    """What a void bill left is outstanding, and waits for the next posting."""
    shop = manual()
    shop.charge("2026-11-02 10:00", "pick-pack", "210.00")
    void(shop, "2026-11-02 11:00", SECOND)
    waive(shop, AT, "9.00")
    assert (len(shop.invoices()), shop.figures()[0]) == (2, "210.00")
    shop.charge("2026-11-04 10:00", "pick-pack", "1.00")
    assert shop.lines("2026-11-04", "THRESHOLD") == [
        "credit-bill-waived 2026-11-03 -9.00",
        "credit-used 2026-11-03 9.00",
        "pick-pack 2026-11-02 210.00",
        "pick-pack 2026-11-04 1.00",
    ]
    assert_audited(shop, "2026-11-04 10:00")


def test_a_form_sent_twice_waives_once_and_with_another_amount_conflicts() -> None:
    shop = manual()
    first = waive(shop, AT, "9.00")
    with nothing_changes():
        assert waive(shop, AT, "9.00") == first
        with pytest.raises(FormConflict):
            waive(shop, AT, "9.01")


@pytest.mark.full  # an open one is, above
def test_an_uncollectible_bill_is_waived_and_its_freeze_ends() -> None:
    shop = manual()
    shop.run_jobs("2026-11-08 00:00")
    give_up(shop, "2026-11-09 12:00")
    shop.run_jobs("2026-12-06 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    waive(shop, "2026-12-07 12:00", "39.00")
    assert (state(), shop.frozen_by()) == ("PAID 39.00/39.00", [])
    assert_audited(shop, "2026-12-07 12:00")


@pytest.mark.full  # on an open one, above
def test_on_a_closed_account_nothing_is_left_behind() -> None:
    shop = manual()
    deciding.close(shop, AT)
    waive(shop, "2026-11-04 12:00", "39.00")
    assert (state(), shop.figures()[0]) == ("PAID 39.00/39.00", "0.00")
    assert_audited(shop, "2026-11-04 12:00")


def test_what_cannot_be_waived_is_refused() -> None:
    shop = manual()
    with nothing_changes():
        with pytest.raises(MoreThanIsLeft, match=r"39\.01 is more than the 39\.00 left"):
            waive(shop, "2026-11-01 12:00", "39.01")
        for amount in ("0.00", "-1.00", "1.001"):
            with pytest.raises(Invalid):
                waive(shop, "2026-11-01 12:00", amount)
        for name in ("reason", "told"):
            with pytest.raises(Invalid):
                waive(shop, "2026-11-01 12:00", "1.00", **{name: " "})
    void(shop, "2026-11-01 13:00")
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        waive(shop, "2026-11-01 14:00", "1.00")


@pytest.mark.full  # a rest in test_unapplied.py
def test_nothing_too_little_to_be_collected_is_left(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.failed("insufficient_funds")]
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes(), pytest.raises(Invalid, match=r"leave 0\.49"):
        waive(shop, "2026-11-01 12:00", "38.51")
    waive(shop, "2026-11-01 12:00", "38.50")
    shop.run_jobs("2026-11-02 11:00")
    assert means()[1:] == ["credit 38.50 SUCCEEDED", "stripe 0.50 SUCCEEDED"]
    assert_audited(shop, "2026-11-02 11:00")


def test_a_bill_with_an_undecided_payment_waits(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes(), pytest.raises(PaymentUnderWay):
        waive(shop, "2026-11-01 12:00", "9.00")


def test_above_the_credit_figure_of_a_day_it_takes_two() -> None:
    shop = manual()
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 2), credits=Decimal(20))
    waive(shop, AT, "15.00")
    officer(PROPOSER)
    texts = {name: text for name, text in TEXTS.items() if name != "actor"}
    content: dict[str, Any] = {
        "invoice_id": invoice().pk,
        "amount": usd("5.01"),
        "request_key": "form-2",
        **texts,
    }
    with nothing_changes(but=["merchants_proposal", "trail_trailentry"]):
        proposal = propose(waivers.waive, now=shop.at(AT), **content)
    assert (proposal.before, proposal.after) == (
        {"left_to_pay": "24.00 USD"},
        {"left_to_pay": "18.99 USD", "waived": "5.01 USD"},
    )
    confirm(proposal, now=shop.at(AT))
    assert state() == "OPEN 20.01/39.00"
    decided = OperatorDecision.objects.filter(subject__startswith="waiver ").order_by("pk")
    assert [one.proposal_id for one in decided] == [None, proposal.pk]
    assert Waiver.objects.count() == 2
    assert_audited(shop, AT)


def test_what_was_paid_meanwhile_is_not_confirmed() -> None:
    shop = manual()
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 2), credits=Decimal(20))
    texts = {name: text for name, text in TEXTS.items() if name != "actor"}
    content: dict[str, Any] = {
        "invoice_id": invoice().pk,
        "amount": usd("39.00"),
        "request_key": "f",
        **texts,
    }
    proposal = propose(waivers.waive, now=shop.at(AT), **content)
    transfer(shop, AT, "1.00")
    with pytest.raises(MoreThanIsLeft):
        confirm(proposal, now=shop.at(AT))
    assert means() == ["manual 1.00 SUCCEEDED"]


def test_the_bills_history_says_what_paid_it() -> None:
    shop = manual()
    choose(shop, "2026-11-01 11:00", "proceeds")
    waive(shop, AT, "39.00")
    said = read(shop, f"invoices/{FIRST}/")
    assert "Paid 39.00 USD" in said
    assert "Of this waived 39.00 USD" in said
    # Once, and not as a payment, too.
    assert said.count("Waived As we agreed by telephone. – 39.00 USD") == 1
    assert "Account credit" not in said
    assert WHY not in said
