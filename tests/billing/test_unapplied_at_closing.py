"""An account closes: money that no bill wanted pays what is unpaid, and the rest is paid out."""

import pytest

from billing.providers.registry import Answer
from lib.refusals import Refused
from tests import books, shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing.paying import (
    FIRST,
    Told,
    draft,
    give_back,
    hear,
    issue,
    manual,
    means,
    receive,
    state,
    told_shop,
    transfer,
)
from tests.billing.paying import unapplied as entries
from tests.billing.test_drafts import reviewed
from tests.credit.withdrawing import suspect
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def closed(*, credit: str, **terms: str) -> shops.Shop:
    """A closed shop whose bill of 39.00 is open, and which had a credit of `credit` before."""
    shop = manual(**terms)
    deciding.grant(shop, "2026-11-02 12:00", credit, "credit-account")
    deciding.close(shop, "2026-11-03 12:00")
    return shop


def used(shop: shops.Shop) -> list[str]:
    """The charges by which a closed account's rest was used."""
    charges = shop.account.charges.filter(fee="credit-used").order_by("pk")
    return [f"{charge.reference} {charge.amount.amount:.2f}" for charge in charges]


def test_a_negative_rest_pays_unpaid_bills_first() -> None:
    shop = closed(credit="50.00")
    assert (state(), means()) == ("PAID 39.00/39.00", ["credit 39.00 SUCCEEDED"])
    assert (used(shop), shop.figures()[0]) == ([f"tael:credit-used:T-{FIRST}-1 39.00"], "-11.00")
    deciding.pay_out_rest(shop, "2026-11-04 12:00")
    assert shop.figures()[0] == "0.00"
    shop.run_jobs("2026-12-02 00:00")
    books.assert_clean()


@pytest.mark.full  # a negative rest pays above
def test_a_later_credit_pays_too_and_what_it_cannot_pay_is_left() -> None:
    shop = closed(credit="30.00")
    assert (state(), shop.figures()[0]) == ("OPEN 30.00/39.00", "0.00")
    deciding.grant(shop, "2026-11-04 12:00", "5.00", "credit-account")
    assert (state(), shop.figures()[0]) == ("OPEN 35.00/39.00", "0.00")
    deciding.grant(shop, "2026-11-05 12:00", "5.00", "credit-account")
    assert (state(), shop.figures()[0]) == ("PAID 39.00/39.00", "-1.00")
    assert used(shop) == [
        f"tael:credit-used:T-{FIRST}-1 30.00",
        f"tael:credit-used:T-{FIRST}-2 5.00",
        f"tael:credit-used:T-{FIRST}-3 4.00",
    ]
    books.assert_clean()


def test_an_open_accounts_credit_pays_no_bill() -> None:
    shop = manual()
    deciding.grant(shop, "2026-11-02 12:00", "50.00", "credit-account")
    assert (state(), shop.figures()[0]) == ("OPEN 0.00/39.00", "-50.00")


@pytest.mark.full  # unapplied money alone is, below
def test_the_rest_is_paid_out_with_unapplied_money() -> None:
    shop = manual()
    transfer(shop, "2026-11-02 12:00", "49.00")
    deciding.grant(shop, "2026-11-02 12:00", "5.00", "credit-account")
    deciding.close(shop, "2026-11-03 12:00")
    with nothing_changes():
        assert give_back(shop, "2026-11-04 11:00", "1.00") == "account_closed"
    deciding.pay_out_rest(shop, "2026-11-04 12:00", "KBANK-7")
    assert (shop.figures()[0], shop.account.unapplied) == ("0.00", usd(0))
    assert entries(shop) == ["RECEIVED 10.00 10.00", "GIVEN_BACK -10.00 0.00"]
    assert f"{shop.account.charges.get(fee='payout').amount.amount:.2f}" == "5.00"
    books.assert_clean()


def test_unapplied_money_alone_is_paid_out() -> None:
    shop = manual()
    transfer(shop, "2026-11-02 12:00", "49.00")
    deciding.close(shop, "2026-11-03 12:00")
    deciding.pay_out_rest(shop, "2026-11-04 12:00", "KBANK-7")
    assert shop.account.unapplied == usd(0)
    assert not shop.account.charges.filter(fee="payout").exists()
    books.assert_clean()
    # And a credit after that, under its own number.
    deciding.grant(shop, "2026-11-05 12:00", "5.00", "credit-account")
    deciding.pay_out_rest(shop, "2026-11-06 12:00", "KBANK-8")
    assert shop.account.charges.get(fee="payout").reference == "tael:payout:2"
    books.assert_clean()


def paid_out(shop: shops.Shop, at: str) -> str:
    """ "paid out", or the code of the refusal."""
    try:
        deciding.pay_out_rest(shop, at)
    except Refused as refusal:
        return refusal.code
    return "paid out"


def test_nothing_is_paid_out_while_a_draft_waits() -> None:
    shop = reviewed(payment_method="manual")
    transfer_at = "2026-11-03 11:00"
    receive(shop, transfer_at, "300.00")
    deciding.close(shop, "2026-11-03 12:00")
    with nothing_changes():
        assert paid_out(shop, "2026-11-04 12:00") == "draft_waits"
    assert issue(shop, "2026-11-05 12:00", draft()) == "PAID"
    assert paid_out(shop, "2026-11-05 13:00") == "paid out"
    assert entries(shop)[-1] == "GIVEN_BACK -90.00 0.00"


def test_nothing_is_paid_out_while_a_payment_is_undecided(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    deciding.grant(shop, "2026-11-02 12:00", "50.00", "credit-account")
    deciding.close(shop, "2026-11-03 12:00")
    assert (state(), shop.figures()[0]) == ("OPEN 0.00/39.00", "-50.00")
    with nothing_changes():
        assert paid_out(shop, "2026-11-03 12:00") == "payment_under_way"
    hear(shop, "2026-11-03 13:00", Answer.failed("insufficient_funds"))
    assert (state(), shop.figures()[0]) == ("PAID 39.00/39.00", "-11.00")
    assert paid_out(shop, "2026-11-03 14:00") == "paid out"


def test_nothing_is_paid_out_while_fraud_is_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = closed(credit="50.00")
    monkeypatch.setattr("tests.credit.withdrawing.NOW", "2026-11-03 13:00")
    suspect(shop)
    with nothing_changes():
        assert paid_out(shop, "2026-11-04 12:00") == "withdrawals_stopped"


def test_nothing_is_paid_out_before_bills_that_want_money_are_paid(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.failed("card_declined", is_hard=True)]
    shop.run_jobs("2026-11-01 11:00")
    receive(shop, "2026-11-02 12:00", "38.80")
    deciding.close(shop, "2026-11-03 12:00")
    with nothing_changes():  # 0.30 is kept, and the card is to pay the 0.50 that are left
        assert paid_out(shop, "2026-11-04 12:00") == "invoices_unpaid"
