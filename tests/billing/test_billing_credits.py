"""Credits: asked for by a merchant or granted by an operator, approved into a negative charge."""

from typing import Any

import pytest
from django.db import connection

from billing.models import BillingCredit, Charge
from billing.operations import credits
from merchants.models import Notice
from merchants.refusals import CurrencyMismatch, Invalid, Refused
from tests import shops
from tests.billing import deciding
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"
LATER = "2026-11-10 13:00"


def open_shop(**terms: Any) -> shops.Shop:
    """With a pick-pack charge P-1 of 40.00 and a label L-1 of 25.00 on 10 November 2026."""
    shop = shops.join("2026-11-01 10:00", **{"billing_threshold": "1000.00"} | terms)
    shop.charge(NOW, "pick-pack", "40.00", "P-1", request="FR-7")
    shop.charge(NOW, "shipping-label", "25.00", "L-1")
    return shop


@pytest.fixture
def shop() -> shops.Shop:
    return open_shop()


def test_what_a_merchant_asks_for_waits_and_changes_no_figure(shop: shops.Shop) -> None:
    credit = deciding.ask(shop, LATER, "P-1", "15.00", message=" Two dresses missing. ")
    assert (credit.status, credit.message, credit.asked_by) == (
        "REQUESTED",
        "Two dresses missing.",
        deciding.MERCHANT,
    )
    assert shop.figures() == ("40.00", "25.00")
    assert not Charge.objects.filter(amount__lt=0).exists()


def test_approved_it_is_a_negative_charge_of_that_day_that_posts_at_once(shop: shops.Shop) -> None:
    credit = deciding.ask(shop, LATER, "P-1", "15.00")
    credit = deciding.approve(shop, "2026-11-12 09:00", credit)
    assert shop.figures() == ("50.00", "0.00")  # 40 + 25 − 15
    made = credit.made
    assert made is not None
    assert (made.reference, made.fee_id, f"{made.amount:.2f}", str(made.service_on)) == (
        f"tael:credit:{credit.pk}",
        "credit-pick-pack",
        "-15.00",
        "2026-11-12",
    )
    assert (made.request, made.description) == ("FR-7", "P-1")
    assert (made.item.posting, made.item.posted_at) == ("IMMEDIATE", shop.at("2026-11-12 09:00"))
    assert (credit.status, credit.decided_by, credit.decided_at, credit.reason) == (
        "APPROVED",
        "mali@tael.example",
        shop.at("2026-11-12 09:00"),
        "agreed by telephone",
    )
    assert shop.statement("2026-11") == (
        False,
        {
            "FULFILMENT": (1, "40.00"),
            "SHIPPING": (1, "25.00"),
            "FULFILMENT_CREDIT": (1, "-15.00"),
        },
    )


def test_rejected_it_makes_no_charge_and_leaves_room_for_another(shop: shops.Shop) -> None:
    first = deciding.ask(shop, LATER, "P-1", "40.00")
    deciding.reject(shop, LATER, first)
    assert shop.figures() == ("40.00", "25.00")
    second = deciding.ask(shop, LATER, "P-1", "40.00")
    deciding.approve(shop, LATER, second)
    assert shop.figures() == ("0.00", "25.00")
    assert list(BillingCredit.objects.order_by("pk").values_list("status", flat=True)) == [
        "REJECTED",
        "APPROVED",
    ]


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("then", ["approve", "reject"])
def test_a_credit_is_decided_once(shop: shops.Shop, first: str, then: str) -> None:
    credit = deciding.ask(shop, LATER, "P-1", "15.00")
    getattr(deciding, first)(shop, LATER, credit)
    with shop.unchanged(), pytest.raises(credits.AlreadyDecided):
        getattr(deciding, then)(shop, LATER, credit)


def test_the_merchant_is_told_of_each_answer(shop: shops.Shop) -> None:
    one = deciding.ask(shop, LATER, "P-1", "15.00")
    other = deciding.ask(shop, LATER, "L-1", "5.00", fee="credit-label")
    deciding.approve(shop, LATER, one)
    deciding.reject(shop, LATER, other)
    notices = Notice.objects.filter(kind="CREDIT_ANSWERED").order_by("pk")
    told = [(notice.details["status"], notice.details["amount"]) for notice in notices]
    assert told == [("APPROVED", "15.00"), ("REJECTED", "5.00")]
    assert {notice.details["answer"] for notice in notices} == {"agreed by telephone"}


def test_a_grant_is_approved_at_once(shop: shops.Shop) -> None:
    on_a_charge = deciding.grant(shop, LATER, "5.00", "credit-label", "L-1")
    on_nothing = deciding.grant(shop, LATER, "7.00", "credit-account")
    assert on_a_charge.charge == Charge.objects.get(reference="L-1")
    assert on_nothing.charge is None
    assert shop.figures() == ("28.00", "25.00")  # 40 − 5 − 7
    assert shop.statement("2026-11") == (
        False,
        {
            "FULFILMENT": (1, "40.00"),
            "SHIPPING": (1, "25.00"),
            "SHIPPING_CREDIT": (1, "-5.00"),  # and none of the account credit
        },
    )


def test_a_grant_on_nothing_may_have_any_reason_and_any_size(shop: shops.Shop) -> None:
    for fee in ("credit-sourcing", "credit-carrier-claim", "credit-account"):
        deciding.grant(shop, LATER, "1000.00", fee)
    assert shop.figures() == ("-2960.00", "25.00")


def test_credits_on_a_charge_never_exceed_it_with_those_that_wait(shop: shops.Shop) -> None:
    deciding.ask(shop, LATER, "P-1", "25.00")
    deciding.grant(shop, LATER, "10.00", charge="P-1")
    with shop.unchanged():
        with pytest.raises(credits.CreditTooLarge, match=r"5\.01 is more than the 5\.00 left"):
            deciding.ask(shop, LATER, "P-1", "5.01")
        with pytest.raises(credits.CreditTooLarge):
            deciding.grant(shop, LATER, "5.01", charge="P-1")
    deciding.ask(shop, LATER, "P-1", "5.00")
    with shop.unchanged(), pytest.raises(credits.CreditTooLarge, match=r"the 0\.00 left"):
        deciding.ask(shop, LATER, "P-1", "0.01")


def test_a_charge_of_nothing_has_no_room(shop: shops.Shop) -> None:
    shop.charge(LATER, "pick-pack", "0.00", "P-0")
    with shop.unchanged(), pytest.raises(credits.CreditTooLarge):
        deciding.ask(shop, LATER, "P-0", "0.01")


@pytest.mark.parametrize(
    ("charge", "fee"),
    [
        ("P-1", "credit-label"),
        ("P-1", "credit-account"),
        ("L-1", "credit-pick-pack"),
        ("A-1", "credit-pick-pack"),
        ("A-1", "payout"),
        ("P-1", "pick-pack"),
        ("P-1", "plan"),
        ("P-1", "no-such-reason"),
        ("P-1", ""),
    ],
)
def test_the_reason_must_fit_the_charge(shop: shops.Shop, charge: str, fee: str) -> None:
    shop.charge(NOW, "app-usage", "9.00", "A-1")
    with shop.unchanged():
        with pytest.raises(Invalid, match="reason"):
            deciding.ask(shop, LATER, charge, "1.00", fee)
        with pytest.raises(Invalid, match="reason"):
            deciding.grant(shop, LATER, "1.00", fee, charge)


@pytest.mark.parametrize("fee", ["payout", "plan", "pick-pack", ""])
def test_a_grant_on_nothing_needs_a_credits_reason(shop: shops.Shop, fee: str) -> None:
    with shop.unchanged(), pytest.raises(Invalid, match="reason"):
        deciding.grant(shop, LATER, "1.00", fee)


@pytest.mark.parametrize(
    ("charge", "fee"),
    [
        ("P-1", "credit-pick-pack"),
        ("P-1", "credit-sourcing"),
        ("P-1", "credit-special-project"),
        ("P-1", "credit-storage"),
        ("L-1", "credit-label"),
        ("L-1", "credit-carrier-claim"),
        ("L-1", "credit-wrong-method"),
        ("A-1", "credit-account"),
        ("T-1", "credit-account"),
        ("tael:plan:2026-11-01", "credit-account"),
    ],
)
def test_every_reason_of_a_category_will_do(charge: str, fee: str) -> None:
    shop = open_shop(plan_price="39.00")
    shop.charge(NOW, "app-usage", "9.00", "A-1")
    shop.charge(NOW, "transaction-fee", "9.00", "T-1")
    credit = deciding.approve(shop, LATER, deciding.ask(shop, LATER, charge, "1.00", fee))
    assert credit.status == "APPROVED"


def test_a_credit_on_a_credit_is_refused(shop: shops.Shop) -> None:
    credit = deciding.grant(shop, LATER, "5.00", charge="P-1")
    with shop.unchanged(), pytest.raises(credits.UnknownCharge):
        deciding.ask(shop, LATER, f"tael:credit:{credit.pk}", "1.00")


def test_another_merchants_charge_is_not_known(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    willow.charge(NOW, "pick-pack", "500.00", "P-9")
    with shop.unchanged(), pytest.raises(credits.UnknownCharge):
        deciding.ask(shop, LATER, "P-9", "1.00")
    # Under one reference each means its own.
    willow.charge(NOW, "pick-pack", "50.00", "P-1")
    assert deciding.ask(willow, LATER, "P-1", "41.00").charge == Charge.objects.get(
        reference="P-1", account=willow.account
    )


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001", "1000000000000000"])
def test_amounts_that_no_credit_can_have(shop: shops.Shop, amount: str) -> None:
    with shop.unchanged():
        with pytest.raises(Invalid, match="amount"):
            deciding.ask(shop, LATER, "P-1", amount)
        with pytest.raises(Invalid, match="amount"):
            deciding.grant(shop, LATER, amount)


def test_an_amount_in_another_currency_is_refused(shop: shops.Shop) -> None:
    shop.billing_currency = "EUR"
    with shop.unchanged(), pytest.raises(CurrencyMismatch):
        deciding.ask(shop, LATER, "P-1", "1.00")


def test_words_are_needed_to_ask_and_to_decide(shop: shops.Shop) -> None:
    with shop.unchanged(), pytest.raises(Invalid, match="message"):
        deciding.ask(shop, LATER, "P-1", "1.00", message="  ")
    credit = deciding.ask(shop, LATER, "P-1", "1.00")
    for decide in (credits.approve, credits.reject):
        with shop.unchanged(), pytest.raises(Invalid, match="reason"):
            decide(credit_id=credit.pk, actor="mali", reason=" ", now=shop.at(LATER))


def test_there_is_no_such_credit(shop: shops.Shop) -> None:
    with pytest.raises(credits.UnknownCredit):
        credits.approve(credit_id=404, actor="mali", reason="yes", now=shop.at(LATER))


def test_a_form_sent_twice_is_one_credit(shop: shops.Shop) -> None:
    asked = deciding.ask(shop, LATER, "P-1", "30.00", form="form-a")
    granted = deciding.grant(shop, LATER, "3.00", charge="L-1", fee="credit-label", form="form-b")
    with shop.unchanged():
        assert deciding.ask(shop, "2026-11-10 14:00", "P-1", "30.00", form="form-a") == asked
        again = deciding.grant(
            shop, "2026-11-10 14:00", "3.00", charge="L-1", fee="credit-label", form="form-b"
        )
        assert again == granted
        for other in (
            lambda: deciding.ask(shop, LATER, "P-1", "29.00", form="form-a"),
            lambda: deciding.ask(shop, LATER, "P-1", "30.00", "credit-sourcing", form="form-a"),
            lambda: deciding.grant(shop, LATER, "3.00", fee="credit-label", form="form-b"),
        ):
            with pytest.raises(credits.CreditConflict):
                other()
    deciding.reject(shop, LATER, asked)
    assert deciding.ask(shop, LATER, "P-1", "30.00", form="form-a").status == "REJECTED"
    # Another merchant's forms have names of their own.
    willow = shops.join("2026-11-01 10:00", "willow")
    willow.charge(NOW, "pick-pack", "50.00", "P-1")
    assert deciding.ask(willow, LATER, "P-1", "30.00", form="form-a").status == "REQUESTED"


def test_a_credit_after_the_month_closed_goes_to_the_open_one(shop: shops.Shop) -> None:
    shop.run_jobs("2026-12-02 10:00")
    november = shop.statement("2026-11")
    assert november == (True, {"FULFILMENT": (1, "40.00"), "SHIPPING": (1, "25.00")})
    credit = deciding.grant(shop, "2026-12-02 12:00", "40.00", charge="P-1")
    assert shop.statement("2026-11") == november
    assert shop.statement("2026-12") == (False, {"FULFILMENT_CREDIT": (1, "-40.00")})
    assert credit.made is not None
    assert not credit.made.is_late


def test_a_credits_posting_is_followed_by_the_check_of_a_lowered_threshold(
    shop: shops.Shop,
) -> None:
    shop.run_jobs("2026-11-11 00:00")
    deciding.set_threshold(shop, "2026-11-11 10:00", "50.00")
    assert (shop.bills(), shop.figures()) == ([], ("65.00", "0.00"))
    deciding.grant(shop, "2026-11-11 11:00", "10.00", charge="P-1")
    assert shop.bills() == ["2026-11-11 THRESHOLD 55.00"]
    assert shop.lines("2026-11-11", "THRESHOLD") == [
        "credit-pick-pack 2026-11-11 -10.00",
        "pick-pack 2026-11-10 40.00",
        "shipping-label 2026-11-10 25.00",
    ]


def test_a_credit_that_keeps_outstanding_below_the_threshold_makes_no_bill(
    shop: shops.Shop,
) -> None:
    shop.run_jobs("2026-11-11 00:00")
    deciding.set_threshold(shop, "2026-11-11 10:00", "60.00")
    deciding.grant(shop, "2026-11-11 11:00", "5.01", charge="P-1")
    assert (shop.bills(), shop.figures()) == ([], ("59.99", "0.00"))


def test_a_credit_may_be_given_on_a_charge_that_was_billed() -> None:
    shop = open_shop(billing_threshold="40.00")
    assert shop.bills() == ["2026-11-10 THRESHOLD 40.00"]
    deciding.grant(shop, LATER, "40.00", charge="P-1")
    assert shop.figures() == ("-40.00", "25.00")
    shop.run_jobs("2026-12-01 00:00")
    assert (len(shop.bills()), shop.figures()) == (1, ("-15.00", "0.00"))


def test_approving_late_works_off_the_days_before(shop: shops.Shop) -> None:
    credit = deciding.ask(shop, LATER, "P-1", "15.00")
    deciding.approve(shop, "2026-12-05 09:00", credit)  # no job ran
    assert shop.bills() == ["2026-12-01 SUBSCRIPTION 65.00"]
    assert shop.figures() == ("-15.00", "0.00")


@pytest.mark.django_db(transaction=True)
def test_two_operators_approve_two_credits_at_once_within_the_charge() -> None:
    """Asked for when there was room: a charge never gets more back than it was."""
    shop = open_shop()
    one = deciding.ask(shop, LATER, "P-1", "25.00")
    other = deciding.ask(shop, LATER, "P-1", "15.00")
    # As no form can: both together would be more than the charge.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_billingcredit DISABLE TRIGGER USER")
        cursor.execute("UPDATE billing_billingcredit SET amount = 25 WHERE id = %s", [other.pk])
        cursor.execute("ALTER TABLE billing_billingcredit ENABLE TRIGGER USER")

    def decide(number: int) -> str:
        try:
            return deciding.approve(shop, LATER, (one, other)[number]).status
        except Refused as refusal:
            return refusal.code

    assert at_once(decide, threads=2) == {"APPROVED": 1, "credit_too_large": 1}
    assert shop.figures() == ("15.00", "25.00")


@pytest.mark.django_db(transaction=True)
def test_eight_decisions_on_one_credit_at_once_are_one() -> None:
    shop = open_shop()
    credit = deciding.ask(shop, LATER, "P-1", "15.00")

    def decide(number: int) -> str:
        try:
            return deciding.approve(shop, LATER, credit).status
        except Refused as refusal:
            return refusal.code

    assert at_once(decide) == {"APPROVED": 1, "already_decided": 7}
    assert shop.figures() == ("25.00", "25.00")
    assert Notice.objects.filter(kind="CREDIT_ANSWERED").count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_forms_at_once_never_ask_for_more_than_the_charge() -> None:
    shop = open_shop()

    def ask(number: int) -> str:
        try:
            return deciding.ask(shop, LATER, "P-1", "15.00", form=f"form-{number}").status
        except Refused as refusal:
            return refusal.code

    assert at_once(ask) == {"REQUESTED": 2, "credit_too_large": 6}
    again = at_once(
        lambda _: deciding.ask(shop, LATER, "L-1", "25.00", "credit-label", form="x").pk
    )
    assert list(again.values()) == [8]
