"""Money that no bill wanted pays other bills, and goes back."""

import pytest
from django.db import transaction
from moneyed import Money

from billing.operations import accounts, unapplied
from billing.providers.registry import Answer
from lib import money
from notices import letters
from tests import books, shops
from tests.amounts import usd
from tests.billing.paying import (
    SECOND,
    Told,
    choose,
    draft,
    give_back,
    give_up,
    hear,
    invoice,
    issue,
    manual,
    means,
    receive,
    state,
    told_shop,
    transfer,
    void,
)
from tests.billing.paying import unapplied as entries
from tests.billing.test_drafts import reviewed
from tests.credit.withdrawing import suspect
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def told(shop: shops.Shop) -> list[str]:
    """The titles of the shop's notices about unapplied money."""
    notices = shop.merchant.notices.filter(kind="UNAPPLIED").order_by("pk")
    return [letters.title(notice).replace("\N{NO-BREAK SPACE}", " ") for notice in notices]


def test_a_transfer_that_is_too_large_pays_the_next_bill_as_it_is_issued() -> None:
    """The example of rule 26.14."""
    shop = manual(plan_price="100.00", billing_threshold="39.00")
    assert transfer(shop, "2026-11-03 12:00", "150.00") == "new"
    assert (state(), shop.account.unapplied) == ("PAID 100.00/100.00", usd(50))
    shop.charge("2026-11-04 12:00", "pick-pack", "39.00")
    assert (state(SECOND), shop.account.unapplied) == ("PAID 39.00/39.00", usd(11))
    assert invoice(SECOND).paid_at == invoice(SECOND).issued_at == shop.at("2026-11-04 12:00")
    assert means(SECOND) == ["unapplied 39.00 SUCCEEDED"]
    assert entries(shop) == ["RECEIVED 50.00 50.00", "USED -39.00 11.00"]
    assert told(shop) == [
        "We keep 50.00 USD for your bills",
        f"39.00 USD that we kept went to bill T-{SECOND}",
    ]
    assert shop.line.unpaid_bill_days == []
    books.assert_clean()


@pytest.mark.full  # as a bill is issued, above
def test_bills_of_a_day_end_are_paid_before_their_provider_is_asked(provider: Told) -> None:
    one, other = told_shop(), told_shop(reference="tallow")
    one.run_jobs("2026-11-01 11:00")
    asked = list(provider.sent)
    for shop, amount in ((one, "500.00"), (other, "250.00")):
        assert receive(shop, "2026-11-02 12:00", amount) == "new"
        shop.charge("2026-11-03 12:00", "shipping-label", "240.00")
    one.run_jobs("2026-11-04 00:00")
    assert provider.sent == asked
    numbers = [str(shop.account.invoices.latest("pk")) for shop in (one, other)]
    assert [state(number) for number in numbers] == ["PAID 240.00/240.00"] * 2
    assert entries(one) == ["RECEIVED 500.00 500.00", "USED -240.00 260.00"]
    assert entries(other) == ["RECEIVED 250.00 250.00", "USED -240.00 10.00"]
    paid_at = invoice(numbers[0]).payments.get().ended_at
    assert paid_at == one.at("2026-11-04 00:00")


@pytest.mark.parametrize(
    ("came", "paid", "asked"),
    some(
        [
            ("38.50", "38.50", ["0.50"]),
            ("38.80", "38.50", ["0.50"]),  # 0.20 would be less than the provider takes
            ("39.00", "39.00", []),
            ("0.40", "0.40", ["38.60"]),
        ],
        2,
    ),
)
def test_what_is_left_of_a_bill_is_nothing_or_can_be_collected(
    provider: Told, came: str, paid: str, asked: list[str]
) -> None:
    shop = told_shop()
    receive(shop, "2026-11-01 10:30", came)
    shop.run_jobs("2026-11-01 11:00")
    assert means() == [
        f"unapplied {paid} SUCCEEDED",
        *(f"stripe {left} SUCCEEDED" for left in asked),
    ]
    assert state() == "PAID 39.00/39.00"
    assert shop.account.unapplied == usd(came) - usd(paid)
    books.assert_clean()


@pytest.mark.full  # a rest that can be collected, above
def test_another_method_takes_less_and_so_the_rest_pays_too(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.failed("card_declined", is_hard=True)]
    shop.run_jobs("2026-11-01 11:00")
    receive(shop, "2026-11-01 12:00", "38.80")
    assert (state(), shop.account.unapplied) == ("OPEN 38.50/39.00", usd("0.30"))
    assert choose(shop, "2026-11-01 13:00", "manual") == "manual"
    assert (state(), shop.account.unapplied) == ("OPEN 38.80/39.00", usd(0))


def test_a_bill_with_an_undecided_payment_waits_and_others_do_not(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    assert receive(shop, "2026-11-01 12:00", "39.00") == "new"
    assert (state(), shop.account.unapplied) == ("OPEN 0.00/39.00", usd(39))
    shop.charge("2026-11-01 13:00", "pick-pack", "200.00")
    assert (state(), state(SECOND)) == ("OPEN 0.00/39.00", "OPEN 39.00/200.00")
    assert receive(shop, "2026-11-01 14:00", "40.00", "BANK-2") == "new"
    hear(shop, "2026-11-01 15:00", Answer.failed("insufficient_funds"))
    assert (state(), state(SECOND)) == ("OPEN 0.00/39.00", "OPEN 79.00/200.00")


@pytest.mark.full  # it waits for the answer, above
@pytest.mark.parametrize(
    ("answer", "then", "left"),
    some([
        (Answer.failed("insufficient_funds"), ["stripe 39.00 FAILED", "unapplied 39.00 SUCCEEDED"],
         usd(0)),
        (Answer.succeeded("pi-1"), ["stripe 39.00 SUCCEEDED"], usd(39)),
    ], 2),
)  # fmt: skip
def test_once_the_answer_is_there_the_money_pays_what_is_left(
    provider: Told, answer: Answer, then: list[str], left: Money
) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    receive(shop, "2026-11-01 12:00", "39.00")
    hear(shop, "2026-11-01 12:01", answer)
    assert (state(), means(), shop.account.unapplied) == ("PAID 39.00/39.00", then, left)
    shop.run_jobs("2026-11-02 12:00")
    assert len(provider.sent) == 1
    books.assert_clean()


def test_the_oldest_due_day_comes_first_and_uncollectible_bills_are_paid() -> None:
    shop = manual()
    shop.charge("2026-11-02 12:00", "pick-pack", "200.00")
    give_up(shop, "2026-11-02 13:00")
    receive(shop, "2026-11-03 12:00", "50.00")
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "OPEN 11.00/200.00")
    assert entries(shop) == ["RECEIVED 50.00 50.00", "USED -39.00 11.00", "USED -11.00 0.00"]


def test_a_draft_waits_and_is_paid_as_it_is_issued() -> None:
    shop = reviewed(payment_method="manual")
    receive(shop, "2026-11-02 12:00", "300.00")
    assert shop.account.unapplied == usd(300)
    assert issue(shop, "2026-11-03 12:00", draft()) == "PAID"
    assert (state(), shop.account.unapplied) == ("PAID 210.00/210.00", usd(90))


def test_the_freeze_for_an_unpaid_bill_is_lifted() -> None:
    shop = manual()
    shop.run_jobs("2026-12-06 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    receive(shop, "2026-12-06 12:00", "38.99")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    receive(shop, "2026-12-06 13:00", "0.01", "BANK-2")
    assert (shop.frozen_by(), shop.line.unpaid_bill_days) == ([], [])


def test_a_bill_that_is_paid_in_part_is_not_voided() -> None:
    shop = manual()
    receive(shop, "2026-11-02 12:00", "1.00")
    with nothing_changes():
        assert void(shop, "2026-11-02 13:00") == "invoice_has_payments"


def test_a_transfer_that_names_no_bill_is_known_by_its_reference() -> None:
    shop = manual(plan_price="0")
    assert receive(shop, "2026-11-02 12:00", "20.00", " BANK-1 ") == "new"
    with nothing_changes():
        assert receive(shop, "2026-11-02 12:01", "20.00") == "known"
        assert receive(shop, "2026-11-02 12:01", "21.00") == "conflict"
        for amount, reference in (("0", "B"), ("-1.00", "B"), ("1.005", "B"), ("1.00", "  ")):
            assert receive(shop, "2026-11-02 12:01", amount, reference) == "invalid"
    other = manual("tallow", plan_price="0")
    assert receive(other, "2026-11-02 12:00", "21.00") == "new"


def test_what_is_unapplied_is_given_back_once_and_never_more_than_that() -> None:
    shop = manual(plan_price="0")
    receive(shop, "2026-11-02 12:00", "20.00")
    with nothing_changes():
        assert give_back(shop, "2026-11-03 12:00", "20.01") == "more_than_is_unapplied"
        assert give_back(shop, "2026-11-03 12:00", "1.00", reason=" ") == "invalid"
        assert give_back(shop, "2026-11-03 12:00", "1.00", " ") == "invalid"
        assert give_back(shop, "2026-11-03 12:00", "0") == "invalid"
    assert give_back(shop, "2026-11-03 12:00", "15.00") == "GIVEN_BACK 15.00"
    with nothing_changes():
        assert give_back(shop, "2026-11-03 12:01", "15.00") == "GIVEN_BACK 15.00"
        assert give_back(shop, "2026-11-03 12:01", "5.00") == "conflict"
    assert give_back(shop, "2026-11-03 12:02", "5.00", "BACK-2") == "GIVEN_BACK 5.00"
    assert entries(shop) == [
        "RECEIVED 20.00 20.00",
        "GIVEN_BACK -15.00 5.00",
        "GIVEN_BACK -5.00 0.00",
    ]
    assert told(shop)[1:] == ["We gave 15.00 USD back to you", "We gave 5.00 USD back to you"]


def test_nothing_is_given_back_while_fraud_is_suspected(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = manual(plan_price="0")
    receive(shop, "2026-11-02 12:00", "20.00")
    monkeypatch.setattr("tests.credit.withdrawing.NOW", "2026-11-03 10:00")
    suspect(shop)
    with nothing_changes():
        assert give_back(shop, "2026-11-03 12:00", "15.00") == "withdrawals_stopped"


@pytest.mark.parametrize(
    ("reversed_amounts", "rests", "left"),
    [
        (["20.00"], ["9.00"], "0.00"),  # 11.00 of it was there still
        (["5.00", "15.00"], ["0.00", "9.00"], "0.00"),
        (["5.00"], ["0.00"], "6.00"),
    ],
)
def test_a_reversal_takes_from_what_is_unapplied_first(
    reversed_amounts: list[str], rests: list[str], left: str
) -> None:
    shop = manual(plan_price="9.00")
    receive(shop, "2026-11-02 12:00", "20.00")  # of which 9.00 pays the bill
    found = []
    for number, amount in enumerate(reversed_amounts):
        for _again in range(2):
            with transaction.atomic():
                account = accounts.lock(shop.merchant.pk, now=shop.at("2026-11-03 12:00"))
                rest = unapplied.take_back(
                    account,
                    source=unapplied.of_transfer("BANK-1"),
                    reversal=f"re_{number}",
                    amount=usd(amount),
                    actor="provider",
                    now=account.now,
                )
        found.append(money.text(rest))
    assert (found, money.text(shop.account.unapplied)) == (rests, left)
    assert state() == "PAID 9.00/9.00"


def test_a_reversal_of_what_was_not_unapplied_takes_nothing() -> None:
    shop = manual(plan_price="0")
    receive(shop, "2026-11-02 12:00", "20.00")
    with transaction.atomic(), nothing_changes():
        account = accounts.lock(shop.merchant.pk, now=shop.at("2026-11-02 12:00"))
        rest = unapplied.take_back(
            account,
            source=unapplied.of_transfer("BANK-2"),
            reversal="re_1",
            amount=usd(7),
            actor="provider",
            now=account.now,
        )
    assert rest == usd(7)


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_eight_times_at_once_and_two_transfers_at_once() -> None:
    shop = manual()
    said = at_once(lambda n: receive(shop, "2026-11-01 12:00", "30.00", f"BANK-{n % 2}"))
    assert said == {"new": 2, "known": 6}
    assert (state(), shop.account.unapplied) == ("PAID 39.00/39.00", usd(21))


@pytest.mark.full  # forms and transfers at once, above
@every_order
@pytest.mark.django_db(transaction=True)
def test_money_and_bills_that_come_at_once_meet() -> None:
    shop = manual(plan_price="0", billing_threshold="10.00")

    def act(number: int) -> str:
        """Receive a transfer or charge, by number: the outcome."""
        if number % 2:
            return receive(shop, "2026-11-01 12:00", "10.00", f"BANK-{number}")
        return shop.charge("2026-11-01 12:00", "pick-pack", "10.00", f"P-{number}")

    assert at_once(act) == {"new": 4, "applied": 4}
    statuses = set(shop.account.invoices.values_list("status", flat=True))
    assert (statuses, shop.account.unapplied) == ({"PAID"}, usd(0))
    books.assert_clean()
