"""Credits: asked for by a merchant or granted by an operator, approved into a negative charge."""

import pytest
from moneyed import Money

from billing.models import BillingCredit, Charge
from billing.operations import credits
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid
from notices.models import Notice
from tests import shops
from tests.billing import deciding
from tests.billing.crediting import LATER, NOW, open_shop
from tests.factories import CreditRequestFactory
from tests.kept import kept
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db


@kept()
def shop() -> shops.Shop:
    """A shop with what these tests decide about."""
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
    assert (made.reference, made.fee_id, f"{made.amount.amount:.2f}", str(made.service_on)) == (
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
    with nothing_changes(), pytest.raises(AlreadyDecided):
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
    with nothing_changes():
        with pytest.raises(credits.CreditTooLarge, match=r"5\.01 is more than the 5\.00 left"):
            deciding.ask(shop, LATER, "P-1", "5.01")
        with pytest.raises(credits.CreditTooLarge):
            deciding.grant(shop, LATER, "5.01", charge="P-1")
    deciding.ask(shop, LATER, "P-1", "5.00")
    with nothing_changes(), pytest.raises(credits.CreditTooLarge, match=r"the 0\.00 left"):
        deciding.ask(shop, LATER, "P-1", "0.01")


def test_a_charge_of_nothing_has_no_room(shop: shops.Shop) -> None:
    shop.charge(LATER, "pick-pack", "0.00", "P-0")
    with nothing_changes(), pytest.raises(credits.CreditTooLarge):
        deciding.ask(shop, LATER, "P-0", "0.01")


@pytest.mark.parametrize(
    ("charge", "fee"),
    some(
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
        3,
    ),
)
def test_the_reason_must_fit_the_charge(shop: shops.Shop, charge: str, fee: str) -> None:
    shop.charge(NOW, "app-usage", "9.00", "A-1")
    with nothing_changes():
        with pytest.raises(Invalid, match="reason"):
            deciding.ask(shop, LATER, charge, "1.00", fee)
        with pytest.raises(Invalid, match="reason"):
            deciding.grant(shop, LATER, "1.00", fee, charge)


@pytest.mark.parametrize("fee", ["payout", "plan", "pick-pack", ""])
def test_a_grant_on_nothing_needs_a_credits_reason(shop: shops.Shop, fee: str) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        deciding.grant(shop, LATER, "1.00", fee)


@pytest.mark.full  # and those that do not fit are refused, above
@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("charge", "fee"),
    some(
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
        5,
    ),
)
def test_every_reason_of_a_category_will_do(charge: str, fee: str) -> None:
    shop = open_shop(plan_price="39.00")
    shop.charge(NOW, "app-usage", "9.00", "A-1")
    shop.charge(NOW, "transaction-fee", "9.00", "T-1")
    credit = deciding.approve(shop, LATER, deciding.ask(shop, LATER, charge, "1.00", fee))
    assert credit.status == "APPROVED"


def test_a_credit_on_a_credit_is_refused(shop: shops.Shop) -> None:
    credit = deciding.grant(shop, LATER, "5.00", charge="P-1")
    with nothing_changes(), pytest.raises(credits.UnknownCharge):
        deciding.ask(shop, LATER, f"tael:credit:{credit.pk}", "1.00")


def test_another_merchants_charge_is_not_known(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    willow.charge(NOW, "pick-pack", "500.00", "P-9")
    with nothing_changes(), pytest.raises(credits.UnknownCharge):
        deciding.ask(shop, LATER, "P-9", "1.00")
    # Under one reference each means its own.
    willow.charge(NOW, "pick-pack", "50.00", "P-1")
    assert deciding.ask(willow, LATER, "P-1", "41.00").charge == Charge.objects.get(
        reference="P-1", account=willow.account
    )


@pytest.mark.parametrize("amount", ["0", "-1.00", "1.001", "1000000000000000"])
def test_amounts_that_no_credit_can_have(shop: shops.Shop, amount: str) -> None:
    with nothing_changes():
        with pytest.raises(Invalid, match="amount"):
            deciding.ask(shop, LATER, "P-1", amount)
        with pytest.raises(Invalid, match="amount"):
            deciding.grant(shop, LATER, amount)


def test_an_amount_in_another_currency_is_refused(shop: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        CreditRequestFactory.create(shop=shop, at=LATER, charge="P-1", amount=Money("1.00", "EUR"))


def test_words_are_needed_to_ask_and_to_decide(shop: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="message"):
        deciding.ask(shop, LATER, "P-1", "1.00", message="  ")
    credit = deciding.ask(shop, LATER, "P-1", "1.00")
    for decide in (credits.approve, credits.reject):
        with nothing_changes(), pytest.raises(Invalid, match="reason"):
            decide(credit_id=credit.pk, actor="mali", reason=" ", told="Yes.", now=shop.at(LATER))
        with nothing_changes(), pytest.raises(Invalid, match="told"):
            decide(credit_id=credit.pk, actor="mali", reason="Yes.", told=" ", now=shop.at(LATER))


def test_there_is_no_such_credit(shop: shops.Shop) -> None:
    with pytest.raises(credits.UnknownCredit):
        credits.approve(credit_id=404, actor="mali", told="yes", reason="yes", now=shop.at(LATER))
