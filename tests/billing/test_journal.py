"""The journal: each movement of both books as a balanced entry, which names its document."""

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.documents import journal_files
from billing.models import Payment, Reversal
from billing.operations import (
    closing,
    invoice_decisions,
    reversals,
    transfers_moved,
)
from credit.operations import (
    corrections,
    openings,
    payout_files,
    payouts,
    withdrawals_undone,
    write_offs,
)
from tests import journals, shops
from tests.amounts import usd
from tests.billing import by_hand, paying
from tests.billing.taxing import billed, german
from tests.credit import unmatching, withdrawing
from tests.factories import GrantedCreditFactory, ReversalFactory, TransferFactory
from tests.shops import Shop

pytestmark = pytest.mark.django_db

BEAN_CHECK = Path(sys.executable).with_name("bean-check")
BY: dict[str, Any] = {"actor": "olga@tael.example", "reason": "as agreed"}


def by(shop: Shop, at: str) -> dict[str, Any]:
    """Who acts, and when: what operations are given."""
    return {**BY, "now": shop.at(at)}


def test_orders_and_cash_of_buyers() -> None:
    shop = unmatching.shop_with_unmatched_cash()  # 150.00 came for A, of 100.00
    shop.pay("2026-11-04 10:00", "A", "100.00", "P-2")
    unmatching.settle(shop, "apply", "80.00", "2026-11-05 10:00")
    unmatching.settle(shop, "release", "30.00", "2026-11-06 10:00")
    unmatching.settle(shop, "return", "25.00", "2026-11-07 10:00")
    shop.refund("2026-11-08 10:00", "A", "40.00", "R-1")
    made = corrections.correct(
        merchant_id=shop.merchant.pk, amount=usd("-7.00"), request_key="form-1", told="A mistake.",
        **by(shop, "2026-11-09 10:00"),
    )  # fmt: skip
    assert journals.told(shop) == [
        "2026-11-03 payment P of order A, which did not take it:"
        " cash.buyers 150.00, unmatched -150.00",
        "2026-11-04 payment P-2 of order A: proceeds -100.00, cash.buyers 100.00",
        "2026-11-05 payment P of order B: proceeds -80.00, unmatched 80.00",
        "2026-11-06 payment P released: proceeds -30.00, unmatched 30.00",
        "2026-11-07 payment P returned by BANK-7: unmatched 25.00, cash.buyers -25.00",
        "2026-11-08 refund R-1 of order A: proceeds 40.00, cash.buyers -40.00",
        f"2026-11-09 correction of proceeds {made.pk}: proceeds 7.00, corrections -7.00",
    ]
    assert journals.prove() == 7 + 5  # the line opened, two orders placed, each paid


def test_an_order_that_is_written_off_and_recovered_is_beside_the_money() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place("2026-11-01 11:00", "A", "1000.00")
    shop.deliver("2026-11-01 12:00", "A")
    write_offs.write_off(
        order_id=shop.line.orders.get().pk, told="Nobody pays.", **by(shop, "2026-11-20 10:00")
    )
    shop.pay("2026-11-21 10:00", "A", "400.00", "P-1")
    shop.refund("2026-11-22 10:00", "A", "250.00", "R-1")
    output = StringIO()
    call_command("journal", merchant="rosewood", stdout=output)
    rows = csv.DictReader(StringIO(output.getvalue()))
    memoranda = [
        f"{row['date']} {row['document']}: {row['account']} {row['debit'] or '-' + row['credit']}"
        for row in rows
        if row["account"].startswith("memo") and row["account"] != "memo.contra"
    ]
    assert memoranda == [
        "2026-11-01 credit limit opened: memo.limit 5000.00",
        "2026-11-01 order A hold: memo.orders 1000.00",
        "2026-11-20 order A write off: memo.limit -1000.00",
        "2026-11-20 order A write off: memo.orders -1000.00",
        "2026-11-20 order A write off: memo.written_off 1000.00",
        "2026-11-21 payment P-1 of order A: memo.written_off -400.00",
        "2026-11-22 refund R-1 of order A: memo.written_off -250.00",
    ]
    journals.prove()


def test_withdrawals_with_their_fees_and_what_the_bank_says_later() -> None:
    withdrawing.fees(fixed="2.00")
    shop = withdrawing.shop_with("1000.00")
    first = withdrawing.withdraw(shop, "100.00", "2026-11-03 10:00")
    second = withdrawing.withdraw(shop, "50.00", "2026-11-03 11:00")
    third = withdrawing.withdraw(shop, "10.00", "2026-11-03 12:00")
    withdrawing.cancel(third, "2026-11-03 13:00")
    withdrawing.pay_out(first, "2026-11-04 10:00")
    payout_files.export(withdrawal_ids=[second.pk], actor="otto@tael.example",
                        now=shop.at("2026-11-04 11:00"))  # fmt: skip
    payouts.mark_failed(withdrawal_id=second.pk, told="Not paid.", **by(shop, "2026-11-05 10:00"))
    withdrawals_undone.send_back(
        withdrawal_id=first.pk, told="Account closed.", **by(shop, "2026-11-06 10:00")
    )
    withdrawals_undone.correct_to_paid(
        withdrawal_id=second.pk, reference="B-9", **by(shop, "2026-11-07 10:00")
    )
    one, two, three = (f"withdrawal {each.reference}" for each in (first, second, third))
    assert journals.told(shop, "2026-11-02") == [
        f"2026-11-03 {one}: proceeds 100.00, payouts -100.00",
        f"2026-11-03 fee of {one}: proceeds 2.00, fees.payout -2.00",
        f"2026-11-03 {two}: proceeds 50.00, payouts -50.00",
        f"2026-11-03 fee of {two}: proceeds 2.00, fees.payout -2.00",
        f"2026-11-03 {three}: proceeds 10.00, payouts -10.00",
        f"2026-11-03 fee of {three}: proceeds 2.00, fees.payout -2.00",
        f"2026-11-03 {three} returned: proceeds -12.00, payouts 10.00, fees.payout 2.00",
        f"2026-11-04 {one} paid: payouts 100.00, cash.manual -100.00",
        f"2026-11-05 {two} returned: proceeds -52.00, payouts 50.00, fees.payout 2.00",
        f"2026-11-06 {one} sent back: proceeds -100.00, cash.manual 100.00",
        f"2026-11-07 {two} was paid after all: proceeds 52.00, payouts -50.00, fees.payout -2.00",
        f"2026-11-07 {two} paid: payouts 50.00, cash.manual -50.00",
    ]
    journals.prove()


def test_bills_and_what_pays_them() -> None:
    shop = paying.manual()  # a bill of 39.00
    paying.transfer(shop, "2026-11-02 10:00", "50.00", "BANK-1")
    shop.charge("2026-11-03 10:00", "pick-pack", "30.00", "C-1")
    by_hand.draw_up(shop, "2026-11-03 11:00")
    paying.give_up(shop, "2026-11-04 10:00", paying.SECOND)
    paying.transfer(shop, "2026-11-05 10:00", "19.00", "BANK-2", number=paying.SECOND)
    shop.charge("2026-11-06 10:00", "shipping-label", "8.00", "C-2")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-07 10:00", charge="C-1", fee="credit-pick-pack", amount="3.00"
    )
    third = by_hand.draw_up(shop, "2026-11-07 11:00")
    paying.void(shop, "2026-11-07 12:00", str(third))
    fourth = by_hand.draw_up(shop, "2026-11-08 10:00")
    by_hand.waive(shop, "2026-11-08 11:00", "5.00", str(fourth))
    paying.receive(shop, "2026-11-09 10:00", "20.00", "BANK-3")
    paying.give_back(shop, "2026-11-10 10:00", "20.00")
    assert journals.told(shop) == [
        "2026-11-01 plan posted on 2026-11-01: unbilled 39.00, fees.SUBSCRIPTION -39.00",
        "2026-11-01 bill 2026-000001: receivable 39.00, unbilled -39.00",
        "2026-11-02 transfer BANK-1: unapplied -11.00, cash.manual 11.00",
        "2026-11-02 payment T-2026-000001-1 of bill 2026-000001:"
        " cash.manual 39.00, receivable -39.00",
        "2026-11-03 pick-pack posted on 2026-11-03: unbilled 30.00, fees.FULFILMENT -30.00",
        "2026-11-03 bill 2026-000002: receivable 30.00, unbilled -30.00",
        "2026-11-03 payment T-2026-000002-1 of bill 2026-000002:"
        " unapplied 11.00, receivable -11.00",
        "2026-11-04 bill 2026-000002 given up: doubtful 19.00, receivable -19.00",
        "2026-11-05 payment T-2026-000002-2 of bill 2026-000002:"
        " cash.manual 19.00, doubtful -19.00",
        "2026-11-06 shipping-label posted on 2026-11-06: unbilled 8.00, fees.SHIPPING -8.00",
        "2026-11-07 credit-pick-pack posted on 2026-11-07:"
        " unbilled -3.00, fees.FULFILMENT_CREDIT 3.00",
        "2026-11-07 bill 2026-000003: receivable 5.00, unbilled -5.00",
        "2026-11-07 void bill 2026-000003: receivable -5.00, unbilled 5.00",
        "2026-11-08 bill 2026-000004: receivable 5.00, unbilled -5.00",
        "2026-11-08 credit-bill-waived posted on 2026-11-08: unbilled -5.00, waived 5.00",
        "2026-11-08 credit-used posted on 2026-11-08: unbilled 5.00, between.credit -5.00",
        "2026-11-08 payment T-2026-000004-1 of bill 2026-000004:"
        " between.credit 5.00, receivable -5.00",
        "2026-11-09 transfer BANK-3: unapplied -20.00, cash.manual 20.00",
        "2026-11-10 given back BACK-1: unapplied 20.00, cash.manual -20.00",
    ]
    journals.prove()


@pytest.mark.full  # what pays bills, above
@pytest.mark.usefixtures("sandbox")
def test_money_that_providers_take_back() -> None:
    shop = paying.billed()  # 39.00, which the sandbox collects
    shop.run_jobs("2026-11-01 11:00")
    payment = Payment.objects.get()

    def take_back(at: str, reference: str, amount: str, state: str = "succeeded") -> Reversal:
        return ReversalFactory.create(
            shop=shop, at=at, payment=payment, reference=reference, amount=usd(amount), state=state
        )

    accepted, charged = [
        take_back("2026-11-02 10:00", f"re_{number}", amount)
        for number, amount in enumerate(("9.00", "10.00"), start=1)
    ]
    said: dict[str, Any] = {"seen": accepted.seen, "message": "As we agreed."}
    reversals.accept(reversal_id=accepted.pk, **said, **by(shop, "2026-11-03 10:00"))
    reversals.charge(reversal_id=charged.pk, **said, **by(shop, "2026-11-03 11:00"))
    take_back("2026-11-04 10:00", "re_3", "1.50")
    for number, amount in enumerate(("9.00", "10.00", "1.50"), start=1):
        take_back(f"2026-11-05 1{number}:00", f"re_{number}", amount, "failed")
    take_back("2026-11-06 10:00", "re_4", "2.00")
    assert journals.told(shop) == [
        "2026-11-01 plan posted on 2026-11-01: unbilled 39.00, fees.SUBSCRIPTION -39.00",
        "2026-11-01 bill 2026-000001: receivable 39.00, unbilled -39.00",
        "2026-11-01 payment T-2026-000001-1 of bill 2026-000001:"
        " cash.sandbox 39.00, receivable -39.00",
        "2026-11-02 reversal re_1: reversals 9.00, cash.sandbox -9.00",
        "2026-11-02 reversal re_2: reversals 10.00, cash.sandbox -10.00",
        "2026-11-03 reversal re_1 accepted: reversals.accepted 9.00, reversals -9.00",
        "2026-11-03 payment-reversal posted on 2026-11-03: unbilled 10.00, reversals -10.00",
        "2026-11-04 reversal re_3: reversals 1.50, cash.sandbox -1.50",
        "2026-11-05 reversal re_1 came back: cash.sandbox 9.00, reversals.accepted -9.00",
        "2026-11-05 reversal re_2 came back: cash.sandbox 10.00, reversals -10.00",
        "2026-11-05 returned re_2: unapplied -10.00, reversals 10.00",
        "2026-11-05 reversal re_3 came back: cash.sandbox 1.50, reversals -1.50",
        "2026-11-06 reversal re_4: reversals 2.00, cash.sandbox -2.00",
    ]
    journals.prove()


@pytest.mark.full  # what pays bills, above
def test_a_transfer_that_was_booked_elsewhere() -> None:
    shop, other = paying.manual(), paying.manual("tallow")
    paying.transfer(shop, "2026-11-02 10:00", "50.00", "BANK-1")
    paying.transfer(shop, "2026-11-03 10:00", "7.00", "BANK-2")
    first, second = shop.account.transfers.order_by("pk")
    for transfer, to in ((first, "tallow"), (second, "")):
        transfers_moved.move(
            transfer_id=transfer.pk, to=to, told="A mistake.", **by(shop, "2026-11-04 10:00")
        )
    assert journals.told(shop) + journals.told(other) == [
        "2026-11-01 plan posted on 2026-11-01: unbilled 39.00, fees.SUBSCRIPTION -39.00",
        "2026-11-01 bill 2026-000001: receivable 39.00, unbilled -39.00",
        "2026-11-02 transfer BANK-1: unapplied -11.00, cash.manual 11.00",
        "2026-11-02 payment T-2026-000001-1 of bill 2026-000001:"
        " cash.manual 39.00, receivable -39.00",
        "2026-11-03 transfer BANK-2: unapplied -7.00, cash.manual 7.00",
        "2026-11-04 transfer-moved posted on 2026-11-04: unbilled 39.00, between.transfers -39.00",
        "2026-11-04 transfer BANK-1 booked elsewhere: unapplied 11.00, between.transfers -11.00",
        "2026-11-04 transfer BANK-2 booked elsewhere: unapplied 7.00, between.transfers -7.00",
        "2026-11-04 transfer BANK-2 never came: between.transfers 7.00, cash.manual -7.00",
        "2026-11-01 plan posted on 2026-11-01: unbilled 39.00, fees.SUBSCRIPTION -39.00",
        "2026-11-01 bill 2026-000002: receivable 39.00, unbilled -39.00",
        "2026-11-04 transfer BANK-1: unapplied -50.00, between.transfers 50.00",
        "2026-11-04 payment T-2026-000002-1 of bill 2026-000002:"
        " unapplied 39.00, receivable -39.00",
    ]
    journals.prove()


@pytest.mark.full  # bills and what pays them, above
def test_taxes_and_what_takes_them_back() -> None:
    shop = german()
    shop.charge("2026-11-02 10:00", "pick-pack", "100.00", "a")
    first = billed(shop, "2026-11-02 11:00")
    invoice_decisions.void(invoice_id=first.pk, **by(shop, "2026-11-03 10:00"))
    billed(shop, "2026-11-04 10:00")
    closing.close(merchant_id=shop.merchant.pk, **by(shop, "2026-11-05 09:00"))
    TransferFactory.create(shop=shop, at="2026-11-05 10:00", amount="119.00", reference="BANK-1")
    GrantedCreditFactory.create(
        shop=shop, at="2026-11-06 09:00", charge="a", fee="credit-pick-pack", amount="60.00"
    )
    closing.pay_out_rest(
        merchant_id=shop.merchant.pk, reference="OUT-1", **by(shop, "2026-11-07 09:00")
    )
    assert journals.told(shop) == [
        "2026-11-02 pick-pack posted on 2026-11-02: unbilled 100.00, fees.FULFILMENT -100.00",
        "2026-11-02 bill DE-2026-000001: receivable 119.00, unbilled -100.00, tax.DE.19 -19.00",
        "2026-11-03 credit note DE-CN-2026-000001 of bill DE-2026-000001:"
        " receivable -119.00, unbilled 100.00, tax.DE.19 19.00",
        "2026-11-04 bill DE-2026-000002: receivable 119.00, unbilled -100.00, tax.DE.19 -19.00",
        "2026-11-05 transfer BANK-1: unapplied -119.00, cash.manual 119.00",
        "2026-11-05 payment T-DE-2026-000002-1 of bill DE-2026-000002:"
        " unapplied 119.00, receivable -119.00",
        "2026-11-06 credit-pick-pack posted on 2026-11-06:"
        " unbilled -60.00, fees.FULFILMENT_CREDIT 60.00",
        "2026-11-06 credit-tax posted on 2026-11-06: unbilled -11.40, tax.DE.19 11.40",
        "2026-11-07 payout posted on 2026-11-07: unbilled 71.40, cash.manual -71.40",
    ]
    journals.prove()


def test_what_was_brought_along_from_elsewhere() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00", plan_price="39.00")
    openings.take_proceeds(
        merchant_id=shop.merchant.pk,
        available=usd("-20.00"),
        maturing={date(2026, 11, 9): usd("70.00")},
        now=shop.at("2026-11-01 11:00"),
    )
    assert journals.told(shop)[2:] == [
        "2026-11-01 opening balance of proceeds: proceeds 20.00, opening.proceeds -20.00",
        "2026-11-01 opening balance of proceeds: proceeds -70.00, opening.proceeds 70.00",
    ]
    journals.prove()


def numberless(file: str) -> list[str]:
    """The lines of a file after its head, without rows' keys."""
    return [re.sub(r"((?:limit|proceeds)-)[0-9]+", r"\1N", line)
            for line in file.splitlines()[2:] if line]  # fmt: skip


def test_files_have_the_days_and_the_merchant_asked_for(tmp_path: Path) -> None:
    """Days are the merchant's own: a payment at 23:30 UTC is of the next day in Bangkok."""
    shop = shops.join("2026-11-01 10:00", 'pine "&" co', timezone="Asia/Bangkok", currency="JPY")
    shops.join("2026-11-01 10:00", "oak")
    shop.place("2026-11-02 09:00", "A;1", "700")
    shop.pay("2026-11-04 06:30", "A;1", "700", "P\\1")
    path = tmp_path / "journal.beancount"
    asked: dict[str, Any] = {"start": date(2026, 11, 4), "merchant": shop.reference}
    call_command("journal", format="beancount", output=path, **asked)
    assert numberless(path.read_text()) == [
        "2026-11-04 open Equity:Memoranda:9010-Held-by-open-orders",
        "2026-11-04 open Equity:Memoranda:9090-Contra-account-of-memoranda",
        '2026-11-04 * "pine \\"&\\" co" "order A;1 payment"',
        '  entry: "limit-N"',
        '  merchant: "pine \\"&\\" co"',
        "  Equity:Memoranda:9010-Held-by-open-orders  -700 JPY",
        "  Equity:Memoranda:9090-Contra-account-of-memoranda  700 JPY",
        "2026-11-04 open Assets:1230-Buyers-money-taken-in",
        "2026-11-04 open Liabilities:2000-Proceeds-owed-to-merchants",
        '2026-11-04 * "pine \\"&\\" co" "payment P\\\\1 of order A;1"',
        '  entry: "proceeds-N"',
        '  merchant: "pine \\"&\\" co"',
        "  Liabilities:2000-Proceeds-owed-to-merchants  -700 JPY",
        "  Assets:1230-Buyers-money-taken-in  700 JPY",
    ]
    checked = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    output = StringIO()
    call_command("journal", format="hledger", stdout=output, **asked)
    assert numberless(output.getvalue())[5:] == [
        "account Assets:1230-Buyers-money-taken-in",
        "account Liabilities:2000-Proceeds-owed-to-merchants",
        '2026-11-04 (proceeds-N) pine "&" co | payment P\\1 of order A,1',
        "    Liabilities:2000-Proceeds-owed-to-merchants  -700 JPY",
        "    Assets:1230-Buyers-money-taken-in  700 JPY",
    ]
    output = StringIO()
    call_command("journal", end=date(2026, 11, 3), merchant="oak", stdout=output)
    assert len(output.getvalue().splitlines()) == 3
    with pytest.raises(CommandError, match="There is no merchant elm"):
        call_command("journal", merchant="elm")


def test_it_is_off_until_it_is_set(settings: Any) -> None:
    settings.TAEL_JOURNAL = False
    with pytest.raises(CommandError, match="TAEL_JOURNAL=1"):
        call_command("journal")


def test_a_file_that_cannot_be_written_is_told_in_a_sentence_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.csv"
    path.write_text("of before")
    shops.join("2026-11-01 10:00", "oak")
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("journal", output=tmp_path / "nowhere" / "journal.csv")

    def broken(*_: Any) -> Iterator[str]:
        """Two pieces, of which the disk has no room for the second."""
        yield "day,merchant\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(journal_files.FORMATS, "csv", broken)
    with pytest.raises(CommandError, match="No space left on device"):
        call_command("journal", output=path)
    assert [one.name for one in tmp_path.iterdir()] == ["journal.csv"]
    assert path.read_text() == "of before"
