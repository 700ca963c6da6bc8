"""Credits that are decided late, after a bill or a month's end, or by several at once."""

import pytest
from django.db import connection

from billing.operations import credits
from lib.refusals import Refused
from notices.models import Notice
from tests import shops
from tests.billing import deciding
from tests.billing.crediting import LATER, NOW, open_shop
from tests.threads import at_once
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with what these tests decide about."""
    return open_shop()


def test_a_form_sent_twice_is_one_credit(shop: shops.Shop) -> None:
    asked = deciding.ask(shop, LATER, "P-1", "30.00", form="form-a")
    granted = deciding.grant(shop, LATER, "3.00", charge="L-1", fee="credit-label", form="form-b")
    with nothing_changes():
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
    assert (shop.invoices(), shop.figures()) == ([], ("65.00", "0.00"))
    deciding.grant(shop, "2026-11-11 11:00", "10.00", charge="P-1")
    assert shop.invoices() == ["2026-11-11 THRESHOLD 55.00"]
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
    assert (shop.invoices(), shop.figures()) == ([], ("59.99", "0.00"))


def test_a_credit_may_be_given_on_a_charge_that_was_billed() -> None:
    shop = open_shop(billing_threshold="40.00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 40.00"]
    deciding.grant(shop, LATER, "40.00", charge="P-1")
    assert shop.figures() == ("-40.00", "25.00")
    shop.run_jobs("2026-12-01 00:00")
    assert (len(shop.invoices()), shop.figures()) == (1, ("-15.00", "0.00"))


def test_approving_late_works_off_the_days_before(shop: shops.Shop) -> None:
    credit = deciding.ask(shop, LATER, "P-1", "15.00")
    deciding.approve(shop, "2026-12-05 09:00", credit)  # no job ran
    assert shop.invoices() == ["2026-12-01 SUBSCRIPTION 65.00"]
    assert shop.figures() == ("-15.00", "0.00")


@pytest.mark.full  # eight decide about one, below
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


@pytest.mark.full  # eight decide at once, above
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
