"""An operator writes down the bank transfers that pay a bill."""

import pytest

from billing.models import Payment
from billing.providers.registry import Answer
from tests.amounts import usd
from tests.billing.paying import (
    FIRST,
    SECOND,
    SHORT,
    Told,
    attempts,
    billed,
    choose,
    draft,
    give_up,
    invoice,
    manual,
    means,
    receive,
    state,
    told_shop,
    transfer,
    transfer_to,
    unapplied,
    void,
)
from tests.billing.test_drafts import reviewed
from tests.threads import at_once
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def test_a_transfer_of_all_of_it_pays_the_bill() -> None:
    shop = manual()
    assert transfer(shop, "2026-11-03 12:00", "39.00", " BANK-1 ") == "new"
    assert (state(), invoice().paid_at) == ("PAID 39.00/39.00", shop.at("2026-11-03 12:00"))
    payment = Payment.objects.get()
    assert (payment.provider, payment.provider_reference, payment.actor, str(payment)) == (
        "manual",
        "BANK-1",
        "olga@tael.example",
        f"T-{FIRST}-1",
    )


def test_parts_add_up_and_the_last_one_pays() -> None:
    shop = manual()
    assert transfer(shop, "2026-11-03 12:00", "30.00", "BANK-1") == "new"
    assert state() == "OPEN 30.00/39.00"
    assert transfer(shop, "2026-11-04 12:00", "8.99", "BANK-2") == "new"
    assert state() == "OPEN 38.99/39.00"
    assert transfer(shop, "2026-11-05 12:00", "0.01", "BANK-3") == "new"
    assert state() == "PAID 39.00/39.00"


def test_more_than_is_left_is_unapplied() -> None:
    shop = manual()
    transfer(shop, "2026-11-01 12:00", "30.00")
    assert transfer(shop, "2026-11-01 13:00", "9.01", "BANK-2") == "new"
    assert (state(), unapplied(shop)) == ("PAID 39.00/39.00", ["RECEIVED 0.01 0.01"])


def test_the_same_transfer_is_recorded_once() -> None:
    shop = manual()
    transfer(shop, "2026-11-01 12:00", "30.00")
    with nothing_changes():
        assert transfer(shop, "2026-11-01 13:00", "30.00") == "known"
        assert transfer(shop, "2026-11-01 13:00", "9.00") == "conflict"
    transfer(shop, "2026-11-01 14:00", "9.00", "BANK-2")
    with nothing_changes():
        assert transfer(shop, "2026-11-01 15:00", "9.00", "BANK-2") == "known"  # paid by now


def test_one_transfer_pays_two_bills() -> None:
    shop = manual()
    shop.charge("2026-11-01 11:00", "pick-pack", "200.00")
    assert transfer(shop, "2026-11-01 12:00", "239.00") == "new"
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "PAID 200.00/200.00")
    assert (means(), means(SECOND)) == (
        ["manual 39.00 SUCCEEDED"],
        ["unapplied 200.00 SUCCEEDED"],
    )
    with nothing_changes():
        # An account has a reference of the bank's once, whichever bill is named.
        assert transfer(shop, "2026-11-01 12:00", "239.00", number=SECOND) == "known"
        assert transfer(shop, "2026-11-01 12:00", "200.00", number=SECOND) == "conflict"
        assert receive(shop, "2026-11-01 12:00", "239.00") == "known"
        assert receive(shop, "2026-11-01 12:00", "39.00") == "conflict"


@pytest.mark.parametrize(
    ("amount", "currency", "reference", "code"),
    [
        ("39.00", "EUR", "BANK-1", "currency_mismatch"),
        ("0", "USD", "BANK-1", "invalid"),
        ("-1.00", "USD", "BANK-1", "invalid"),
        ("1.005", "USD", "BANK-1", "invalid"),
        ("39.00", "USD", "  ", "invalid"),
        ("39.00", "USD", "x" * 101, "invalid"),
        ("39.00", "USD", "a\0b", "invalid"),
    ],
)
def test_what_is_no_transfer_is_refused(
    amount: str, currency: str, reference: str, code: str
) -> None:
    shop = manual()
    with nothing_changes():
        assert transfer(shop, "2026-11-01 12:00", amount, reference, currency=currency) == code


def test_what_comes_for_bills_that_want_no_money_is_unapplied() -> None:
    shop = manual()
    shop.charge("2026-11-01 11:00", "pick-pack", "200.00")
    assert void(shop, "2026-11-01 11:30") == "VOID"
    transfer(shop, "2026-11-01 12:00", "200.00", number=SECOND)
    assert transfer(shop, "2026-11-01 13:00", "39.00", "BANK-2") == "new"
    assert transfer(shop, "2026-11-01 13:00", "1.00", "BANK-3", SECOND) == "new"
    assert (state(), state(SECOND)) == ("VOID 0.00/39.00", "PAID 200.00/200.00")
    assert unapplied(shop) == ["RECEIVED 39.00 39.00", "RECEIVED 1.00 40.00"]


def test_a_draft_takes_none() -> None:
    shop = reviewed(payment_method="manual")
    with nothing_changes():
        assert transfer_to(draft().pk, shop, "2026-11-02 12:00", "210.00") == "invoice_not_open"
        assert transfer_to(0, shop, "2026-11-02 12:00", "210.00") == "unknown_invoice"


def test_an_uncollectible_bill_takes_it() -> None:
    shop = manual()
    give_up(shop, "2026-11-02 12:00")
    assert transfer(shop, "2026-11-03 12:00", "9.00") == "new"
    assert state() == "UNCOLLECTIBLE 9.00/39.00"
    assert transfer(shop, "2026-11-03 12:00", "30.00", "BANK-2") == "new"
    assert state() == "PAID 39.00/39.00"


@pytest.mark.parametrize(
    ("currency", "total", "part", "rest"),
    [("JPY", "3900", "3899", "1"), ("KWD", "39.125", "39.124", "0.001")],
)
def test_currencies_with_other_digits(currency: str, total: str, part: str, rest: str) -> None:
    shop = manual(currency=currency, plan_price=total, billing_threshold="100000")
    with nothing_changes():
        finer = "0.5" if currency == "JPY" else "0.0005"
        assert transfer(shop, "2026-11-02 12:00", finer) == "invalid"
    assert transfer(shop, "2026-11-02 12:00", part) == "new"
    assert state() == f"OPEN {part}/{total}"
    assert transfer(shop, "2026-11-02 12:00", rest, "BANK-2") == "new"
    assert state() == f"PAID {total}/{total}"


def test_while_an_attempt_has_no_answer_none_is_taken(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes():
        assert transfer(shop, "2026-11-01 12:00", "39.00") == "payment_under_way"


def test_a_retry_asks_for_what_a_transfer_left(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.failed("insufficient_funds")]
    shop.run_jobs("2026-11-01 11:00")
    transfer(shop, "2026-11-01 12:00", "38.00")
    shop.run_jobs("2026-11-02 11:00")
    assert attempts(shop) == [
        "2026-11-01 11:00 FAILED insufficient_funds",
        "2026-11-01 12:00 SUCCEEDED",
        "2026-11-02 11:00 SUCCEEDED",
    ]
    assert provider.sent == [f"T-{FIRST}-1", f"T-{FIRST}-3"]
    assert Payment.objects.get(attempt=3).amount == usd(1)
    assert state() == "PAID 39.00/39.00"


def test_a_bill_paid_by_transfer_is_not_tried_again() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    transfer(shop, "2026-11-01 12:00", "39.00")
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 2


def test_changing_to_transfers_stops_the_retries() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    assert choose(shop, "2026-11-01 12:00", "manual") == "manual"
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 1


@pytest.mark.full  # several at once, below
@pytest.mark.django_db(transaction=True)
def test_one_transfer_recorded_by_eight_people_at_once_is_one_payment() -> None:
    shop = manual()
    said = at_once(lambda _: transfer(shop, "2026-11-01 12:00", "30.00"))
    assert said == {"new": 1, "known": 7}
    assert state() == "OPEN 30.00/39.00"


@pytest.mark.django_db(transaction=True)
def test_transfers_at_once_pay_no_more_than_the_bill_and_the_rest_is_unapplied() -> None:
    shop = manual()
    said = at_once(lambda n: transfer(shop, "2026-11-01 12:00", "10.00", f"BANK-{n}"))
    assert said == {"new": 8}
    assert state() == "PAID 39.00/39.00"
    assert unapplied(shop) == [
        "RECEIVED 1.00 1.00",
        "RECEIVED 10.00 11.00",
        "RECEIVED 10.00 21.00",
        "RECEIVED 10.00 31.00",
        "RECEIVED 10.00 41.00",
    ]
