"""A merchant withdraws its proceeds, and operators decide about large ones."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from moneyed import Money

from credit.operations import withdrawals
from credit.operations.destinations import DestinationNotUsable, UnknownDestination
from credit.operations.withdrawals import (
    FeeChanged,
    InsufficientProceeds,
    WithdrawalConflict,
)
from lib.refusals import CurrencyMismatch, Invalid
from tests import shops
from tests.amounts import usd
from tests.credit.withdrawing import (
    MERCHANT,
    NOW,
    add,
    ask,
    cancel,
    entries,
    fees,
    notices,
    pay_out,
    refund,
    sell,
    shop_with,
    withdraw,
)
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 300.00 to withdraw."""
    return shop_with("300.00")


def quote(shop: shops.Shop, amount: str, at: str = NOW) -> withdrawals.Quote:
    """What a withdrawal of this amount would cost, and whether it takes an approval."""
    return withdrawals.quote(
        merchant_id=shop.line.pk, amount=Money(amount, shop.line.currency), now=shop.at(at)
    )


def test_a_withdrawal_leaves_the_proceeds_when_it_is_requested(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "120.00")
    assert shop.proceeds() == "180.00"
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -120.00"]
    assert (withdrawal.status, withdrawal.needs_approval) == ("REQUESTED", False)
    assert (withdrawal.amount, withdrawal.fee) == (usd("120.00"), usd("0.00"))
    assert (withdrawal.requested_by, withdrawal.provider) == (MERCHANT, "manual")
    assert withdrawal.expected_by == shop.at("2026-11-04 10:00")
    assert (len(withdrawal.reference), withdrawal.reference[:3]) == (15, "T-W")
    assert notices(shop) == []


def test_the_whole_balance_can_be_withdrawn_but_no_cent_more(shop: shops.Shop) -> None:
    with (
        nothing_changes(),
        pytest.raises(
            InsufficientProceeds,
            match=r"300\.01 and a fee of 0\.00 are more than the 300\.00 that can be withdrawn",
        ),
    ):
        ask(shop, "300.01")
    withdraw(shop, "300.00")
    assert shop.proceeds() == "0.00"
    with nothing_changes(), pytest.raises(InsufficientProceeds, match=r"the 0\.00 that can be"):
        ask(shop, "0.01")


def test_refund_after_payout() -> None:
    """The example of rule 26.8."""
    shop = shop_with("1.00", settlement_days=0)
    order = sell(shop, "2026-11-02 12:00", "300.00")
    pay_out(withdraw(shop, "301.00"))
    refund(shop, "2026-11-04 10:00", order, "120.00")
    assert shop.proceeds() == "-120.00"
    with nothing_changes(), pytest.raises(InsufficientProceeds, match=r"the 0\.00 that can be"):
        ask(shop, "0.01", at="2026-11-04 11:00")
    sell(shop, "2026-11-05 10:00", "120.00")
    with nothing_changes(), pytest.raises(InsufficientProceeds):
        ask(shop, "0.01", at="2026-11-05 11:00")
    sell(shop, "2026-11-06 10:00", "0.01")
    withdraw(shop, "0.01", at="2026-11-06 11:00")
    assert shop.proceeds() == "0.00"


def test_what_has_not_matured_stays() -> None:
    shop = shop_with("300.00", settlement_days=7, timezone="Asia/Bangkok")
    with nothing_changes(), pytest.raises(InsufficientProceeds):
        ask(shop, "300.00", at="2026-11-07 23:59:59")
    withdraw(shop, "300.00", at="2026-11-08 00:00")  # the local day starts


@pytest.mark.parametrize(
    ("amount", "refusal", "says"),
    some(
        [
            (Money("10.001", "USD"), Invalid, r"amount: 10\.001 has more digits than USD \(2\)"),
            (Money("10.00", "CNY"), CurrencyMismatch, "CNY given, this merchant's is USD"),
            (Money("0.00", "USD"), Invalid, "amount: must be more than 0"),
            (Money("-5.00", "USD"), Invalid, "amount: must be more than 0"),
            (Money("1000000000000000", "USD"), Invalid, "larger than any amount"),
            (Money("300.01", "USD"), InsufficientProceeds, r"300\.00 that can be withdrawn"),
        ],
        3,
    ),
)
def test_an_amount_that_cannot_be_withdrawn(
    shop: shops.Shop, amount: Money, refusal: type[Exception], says: str
) -> None:
    with nothing_changes():
        with pytest.raises(refusal, match=says):
            ask(shop, amount)
        with pytest.raises(refusal, match=says):
            withdrawals.quote(merchant_id=shop.line.pk, amount=amount, now=shop.at(NOW))


@pytest.mark.parametrize("key", ["", "k" * 65])
def test_a_form_has_a_key(shop: shops.Shop, key: str) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="request_key"):
        ask(shop, "1.00", request_key=key)


def test_yen_have_no_cents() -> None:
    shop = shop_with("3000", currency="JPY", credit_limit="500000")
    with nothing_changes(), pytest.raises(Invalid, match=r"has more digits than JPY \(0\)"):
        ask(shop, "100.5")
    withdraw(shop, "100")
    assert shop.proceeds() == "2900"


def test_a_destination_has_to_be_ones_own_usable_and_there(shop: shops.Shop) -> None:
    other = shop_with("300.00", "elsewhere")
    foreign = other.destination
    young = add(shop, at="2026-11-03 09:00", number="13800138000", kind="ALIPAY", bank="")
    with nothing_changes():
        with pytest.raises(UnknownDestination):
            ask(shop, "1.00", destination_id=foreign.pk)
        with pytest.raises(UnknownDestination):
            ask(shop, "1.00", destination_id=0)
        with pytest.raises(DestinationNotUsable, match="2026-11-04T09:00"):
            ask(shop, "1.00", destination_id=young.pk)
    withdraw(shop, "1.00", at="2026-11-04 09:00", destination_id=young.pk)


def test_a_form_sent_twice_is_one_withdrawal(shop: shops.Shop) -> None:
    first = withdraw(shop, "100.00", key="form")
    with nothing_changes():
        assert ask(shop, "100.00", key="form", at="2026-11-03 10:01") == (first, False)
    with nothing_changes(), pytest.raises(WithdrawalConflict, match=str(first)):
        ask(shop, "99.00", key="form")
    other = add(shop, number="13800138000", kind="ALIPAY", bank="")
    with nothing_changes(), pytest.raises(WithdrawalConflict):
        ask(shop, "100.00", key="form", destination_id=other.pk)
    cancel(first)
    with nothing_changes():  # nor does it begin anew
        again, is_new = ask(shop, "100.00", key="form", destination_id=first.destination_id)
    assert (again.status, is_new) == ("CANCELLED", False)


def test_two_merchants_forms_may_have_the_same_key(shop: shops.Shop) -> None:
    elsewhere = shop_with("10.00", "elsewhere")
    ours = withdraw(shop, "1.00", key="form")
    theirs = withdraw(elsewhere, "2.00", key="form")
    assert (ours.line_id, theirs.line_id) == (shop.line.pk, elsewhere.line.pk)
    assert (shop.proceeds(), elsewhere.proceeds()) == ("299.00", "8.00")


def test_the_provider_is_the_one_chosen_when_it_is_requested(
    shop: shops.Shop, settings: object
) -> None:
    assert withdraw(shop, "1.00").provider == "manual"
    settings.TAEL_SANDBOX = True  # type: ignore[attr-defined]
    assert withdraw(shop, "1.00").provider == "sandbox"
    settings.TAEL_PAYOUT_PROVIDER = "manual"  # type: ignore[attr-defined]
    assert withdraw(shop, "1.00").provider == "manual"
    settings.TAEL_PAYOUT_PROVIDER = "carrier-pigeon"  # type: ignore[attr-defined]
    with nothing_changes(), pytest.raises(ImproperlyConfigured, match="carrier-pigeon"):
        ask(shop, "1.00")


# Fees.


@pytest.mark.parametrize(
    ("percent", "fixed", "amount", "fee"),
    [
        ("0", "0", "100.00", "0.00"),
        ("0.5", "0", "100.00", "0.50"),
        ("0.5", "0", "1.00", "0.01"),  # 0.005 is rounded away from zero
        ("0.5", "0", "0.99", "0.00"),  # 0.00495
        ("1.5", "0.30", "33.00", "0.80"),  # 0.495 + 0.30, rounded once
        ("0", "2.50", "10.00", "2.50"),
    ],
)
def test_the_fee_comes_on_top_and_is_shown_first(
    shop: shops.Shop, percent: str, fixed: str, amount: str, fee: str
) -> None:
    fees(percent, fixed)
    with nothing_changes():
        quoted = quote(shop, amount)
    assert (quoted.fee, quoted.total) == (usd(fee), usd(amount) + usd(fee))
    withdrawal = withdraw(shop, amount, fee_shown=quoted.fee)
    assert withdrawal.fee == usd(fee)
    assert shop.line.proceeds == usd("300.00") - quoted.total
    written = ["SALE 300.00", f"WITHDRAWAL -{amount}"]
    assert entries(shop) == (written if fee == "0.00" else [*written, f"FEE -{fee}"])


def test_amount_and_fee_have_to_be_there(shop: shops.Shop) -> None:
    fees(fixed="2.00")
    with (
        nothing_changes(),
        pytest.raises(
            InsufficientProceeds, match=r"298\.01 and a fee of 2\.00 are more than the 300\.00"
        ),
    ):
        ask(shop, "298.01")
    withdraw(shop, "298.00")
    assert shop.proceeds() == "0.00"


def test_a_fee_of_yen_is_a_whole_number() -> None:
    shop = shop_with("3000", currency="JPY", credit_limit="500000")
    fees(percent="0.5", currency="JPY")
    assert [str(quote(shop, amount).fee.amount) for amount in ("99", "100", "299", "300")] == [
        "0",
        "1",
        "1",
        "2",
    ]


def test_some_of_a_local_month_are_free() -> None:
    shop = shop_with("300.00", timezone="Asia/Bangkok")
    fees(fixed="1.00", free=2)
    in_november = ["2026-11-03 10:00", "2026-11-04 10:00", "2026-11-30 23:59"]
    asked = [withdraw(shop, "10.00", at=at) for at in in_november]
    assert [str(one.fee.amount) for one in asked] == ["0.00", "0.00", "1.00"]
    assert quote(shop, "10.00", at="2026-12-01 00:00").fee == usd(
        "0.00"
    )  # 17:00 UTC the day before
    cancel(asked[0], at="2026-11-30 23:59")  # what did not go out does not count
    assert quote(shop, "10.00", at="2026-11-30 23:59").fee == usd("1.00")
    cancel(asked[1], at="2026-11-30 23:59")
    assert quote(shop, "10.00", at="2026-11-30 23:59").fee == usd("0.00")


def test_another_fee_than_was_shown_has_to_be_confirmed_again(shop: shops.Shop) -> None:
    fees(fixed="1.00")
    with nothing_changes(), pytest.raises(FeeChanged):
        ask(shop, "10.00", fee_shown=usd("0.00"))
