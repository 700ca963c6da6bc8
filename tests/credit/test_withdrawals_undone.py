"""The bank says otherwise later: a paid withdrawal comes back, a failed one was paid after all."""

import csv
import io
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.translation import override

from backoffice.reports.report import Asked
from credit import documents, exports, withdrawal_failures
from credit.models import Freeze, ProceedsEntry, Withdrawal
from credit.operations import payouts, withdrawals_undone
from credit.queries import paid_out as receipts_of
from credit.queries import reports
from credit.queries.withdrawals import timeline
from lib import audit
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.operations.two_people import TakesTwoPeople
from tests import shops
from tests.credit.pages import read, set_clock
from tests.credit.withdrawing import (
    MERCHANT,
    OPERATOR,
    OTHER_OPERATOR,
    entries,
    fees,
    notices,
    paid_out,
    pay_out,
    shop_with,
    status,
    withdraw,
)
from tests.factories import FreezeFactory, OperatorPolicyFactory
from tests.pdf_text import pages_of
from tests.threads import at_once
from tests.two_people import by_two
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

LATER = "2026-11-06 15:00"
WHY, TOLD = "The bank's list of 6 November.", "Account closed since."


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 1,000.00 of proceeds, whose withdrawals cost 2.00."""
    fees(fixed="2.00")
    return shop_with("1000.00")


def violated() -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shops.instant("2026-11-07 00:00"))
    return [found.check.name for found in findings if found.violations]


def send_back(withdrawal: Withdrawal, by: str = OTHER_OPERATOR, reason: str = WHY) -> Withdrawal:
    """Say that the money of a paid withdrawal came back."""
    return withdrawals_undone.send_back(
        withdrawal_id=withdrawal.pk, reason=reason, told=TOLD, actor=by, now=shops.instant(LATER)
    )


def correct(withdrawal: Withdrawal, reference: str = "B-9", reason: str = WHY) -> Withdrawal:
    """Say that a failed withdrawal was paid after all."""
    return withdrawals_undone.correct_to_paid(
        withdrawal_id=withdrawal.pk, reference=reference, reason=reason, actor=OTHER_OPERATOR,
        now=shops.instant(LATER),
    )  # fmt: skip


def failed(shop: shops.Shop, amount: str) -> Withdrawal:
    """A withdrawal that was sent, and that an operator marked as failed."""
    withdrawal = withdraw(shop, amount)
    Withdrawal.objects.filter(pk=withdrawal.pk).update(status="SENT", sent_at=shop.at(LATER))
    return payouts.mark_failed(
        withdrawal_id=withdrawal.pk,
        reason="no answer",
        told="No answer.",
        actor=OPERATOR,
        now=shop.at(LATER),
    )


@pytest.mark.django_db
def test_what_the_bank_sends_back_is_there_again_without_its_fee(shop: shops.Shop) -> None:
    withdrawal = pay_out(withdraw(shop, "100.00"))
    assert (shop.proceeds(), paid_out(shop)) == ("898.00", "102.00")
    send_back(withdrawal)
    assert status(withdrawal) == "RETURNED_BY_BANK"
    assert (shop.proceeds(), paid_out(shop)) == ("998.00", "2.00")
    assert entries(shop)[1:] == ["WITHDRAWAL -100.00", "FEE -2.00", "SENT_BACK 100.00"]
    assert notices(shop) == [
        ("WITHDRAWAL_DONE", withdrawal.reference),
        ("WITHDRAWAL_SENT_BACK", withdrawal.reference),
    ]
    told = TrailEntry.objects.get(action="WITHDRAWAL_SENT_BACK")
    assert (told.actor, told.reason) == (OTHER_OPERATOR, WHY)
    assert told.before == {"status": "PAID", "proceeds": "898.00 USD"}
    assert told.after == {"status": "RETURNED_BY_BANK", "proceeds": "998.00 USD"}
    withdrawal.refresh_from_db()
    assert [(str(step.what), step.note) for step in timeline(withdrawal)] == [
        ("Requested", MERCHANT), ("Sent", ""), ("Paid", ""), ("Sent back by the bank", TOLD),
    ]  # fmt: skip
    with nothing_changes(), pytest.raises(AlreadyDecided, match="is RETURNED_BY_BANK"):
        send_back(withdrawal)
    assert violated() == []
    # It can be withdrawn again.
    assert status(withdraw(shop, "996.00", at=LATER)) == "REQUESTED"


@pytest.mark.django_db
def test_the_merchant_reads_that_it_came_back_and_why(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawal = send_back(pay_out(withdraw(shop, "100.00")))
    set_clock(monkeypatch)(LATER)
    page = read(shop, f"withdrawals/{withdrawal}/")
    assert "Sent back by the bank" in page
    assert "The amount is in your proceeds again; the fee is kept. Reason: Account closed" in page
    assert OTHER_OPERATOR not in page
    assert WHY not in page


@pytest.mark.django_db
def test_a_reason_of_taels_own_is_read_in_the_readers_language(shop: shops.Shop) -> None:
    withdrawal = withdrawals_undone.send_back(
        withdrawal_id=pay_out(withdraw(shop, "100.00")).pk, reason=WHY,
        told=withdrawal_failures.CLOSED, actor=OTHER_OPERATOR, now=shops.instant(LATER),
    )  # fmt: skip
    lost = failed(shop, "50.00")
    Withdrawal.objects.filter(pk=lost.pk).update(reason=withdrawal_failures.UNKNOWN_ACCOUNT)
    with override("zh-hans"):
        assert timeline(withdrawal)[-1].note == "该账户已销户。"
        file = b"".join(exports.withdrawals(shop.line, shop.line.withdrawals.order_by("pk")))
    assert [row.split(",")[14] for row in file.decode().splitlines()] == [
        *("原因", "该账户已销户。", "收款银行查无此账号。"),
    ]


@pytest.mark.django_db
def test_one_that_was_paid_after_all_is_paid_from_when_that_was_found_out(
    shop: shops.Shop,
) -> None:
    withdrawal = withdrawals_undone.correct_to_paid(
        withdrawal_id=failed(shop, "100.00").pk, reference="B-9", reason=WHY,
        actor=OTHER_OPERATOR, now=shops.instant("2026-11-09 09:30"),
    )  # fmt: skip
    receipts = receipts_of.of_withdrawal(withdrawal)
    now = shops.instant("2026-11-10 10:00")
    (page,) = pages_of(documents.withdrawal_statement(withdrawal, receipts, now=now))
    assert "Paid 9 Nov 2026 09:30" in page
    assert "6 Nov 2026 15:00" not in page
    file = b"".join(exports.withdrawals(shop.line, shop.line.withdrawals.all())).decode()
    (row,) = csv.DictReader(io.StringIO(file))
    assert (row["Status"], row["Ended"]) == ("Paid", "2026-11-09 09:30:00")
    marked_on, found_on = date(2026, 11, 6), date(2026, 11, 9)
    (counted,) = reports.paid_out(Asked("USD", found_on, found_on, now))
    assert (counted, counted.day) == (withdrawal, found_on)  # type: ignore[attr-defined]
    assert not reports.paid_out(Asked("USD", marked_on, marked_on, now)).exists()


@pytest.mark.django_db
def test_its_statement_says_that_the_fee_of_one_that_was_sent_back_is_kept(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_back = send_back(pay_out(withdraw(shop, "100.00")))
    came_back = failed(shop, "50.00")
    set_clock(monkeypatch)(LATER)
    kept = "came back to your proceeds without its fee: its amount can be withdrawn again."
    whole = "came back to your proceeds: what it was made of can be withdrawn again."
    for one, said, other in ((sent_back, kept, whole), (came_back, whole, kept)):
        receipts = receipts_of.of_withdrawal(one)
        pdf = documents.withdrawal_statement(one, receipts, now=shops.instant(LATER))
        for shown in (pages_of(pdf)[0], read(shop, f"withdrawals/{one}/sales/")):
            assert (said in shown, other in shown) == (True, False)


@pytest.mark.django_db
def test_the_file_of_withdrawals_says_why_the_bank_sent_one_back(shop: shops.Shop) -> None:
    send_back(pay_out(withdraw(shop, "100.00")))
    file = b"".join(exports.withdrawals(shop.line, shop.line.withdrawals.all()))
    assert file.decode().splitlines()[1].split(",")[14] == TOLD


@pytest.mark.django_db
def test_what_was_paid_after_all_is_taken_again_even_below_nothing(shop: shops.Shop) -> None:
    withdrawal = failed(shop, "100.00")
    assert shop.proceeds() == "1000.00"
    pay_out(withdraw(shop, "950.00"))
    assert (shop.proceeds(), paid_out(shop)) == ("48.00", "952.00")
    correct(withdrawal)
    withdrawal.refresh_from_db()
    assert (withdrawal.status, withdrawal.provider_reference) == ("PAID", "B-9")
    assert (shop.proceeds(), paid_out(shop)) == ("-54.00", "1054.00")
    assert entries(shop)[-1] == "TAKEN_AGAIN -102.00"
    assert ("WITHDRAWAL_CORRECTED", withdrawal.reference) in notices(shop)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        correct(withdrawal)
    with nothing_changes(), pytest.raises(Refused):
        withdraw(shop, "1.00", at=LATER)
    assert violated() == []


@pytest.mark.full  # each of the two, above
@pytest.mark.django_db
def test_paid_after_all_and_then_sent_back(shop: shops.Shop) -> None:
    withdrawal = send_back(correct(failed(shop, "100.00")))
    assert (shop.proceeds(), paid_out(shop)) == ("998.00", "2.00")
    assert entries(shop)[1:] == [
        *("WITHDRAWAL -100.00", "FEE -2.00", "RETURNED 102.00"),
        *("TAKEN_AGAIN -102.00", "SENT_BACK 100.00"),
    ]
    withdrawal.refresh_from_db()
    assert [str(step.what) for step in timeline(withdrawal)] == [
        "Requested", "Sent", "Failed", "Paid after all", "Sent back by the bank",
    ]  # fmt: skip
    assert violated() == []


@pytest.mark.django_db
def test_only_what_ended_so_is_undone_and_never_without_a_reason(shop: shops.Shop) -> None:
    asked, paid, lost = (
        withdraw(shop, "1.00"),
        pay_out(withdraw(shop, "2.00")),
        failed(shop, "3.00"),
    )
    with nothing_changes():
        for one in (asked, lost):
            with pytest.raises(AlreadyDecided):
                send_back(one)
        for one in (asked, paid):
            with pytest.raises(AlreadyDecided):
                correct(one)
        for refused in (
            lambda: send_back(paid, reason=" "),
            lambda: correct(lost, reason=""),
            lambda: correct(lost, reference=" "),
        ):
            with pytest.raises(Invalid):
                refused()


@pytest.mark.django_db
def test_above_the_days_figure_it_takes_two() -> None:
    OperatorPolicyFactory.create()  # 1,000.00 of pay-outs a day
    shop = shop_with("5000.00")
    small, large = (pay_out(withdraw(shop, amount)) for amount in ("600.00", "600.01"))
    send_back(small)
    with pytest.raises(TakesTwoPeople), transaction.atomic():
        send_back(large)
    assert status(large) == "PAID"
    by_two(
        withdrawals_undone.send_back, withdrawal_id=large.pk, reason=WHY, told=TOLD,
        now=shops.instant(LATER),
    )  # fmt: skip
    assert status(large) == "RETURNED_BY_BANK"
    assert shop.proceeds() == "5000.00"
    assert violated() == []


@pytest.mark.django_db
def test_suspected_fraud_does_not_keep_money_from_coming_back(shop: shops.Shop) -> None:
    withdrawal = pay_out(withdraw(shop, "100.00"))
    FreezeFactory.create(shop=shop, at=LATER, reason=Freeze.Reason.SUSPECTED_FRAUD)
    send_back(withdrawal)
    assert shop.proceeds() == "998.00"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"status": "FAILED"},
        {"status": "RETURNED_BY_BANK"},  # without its instant
        {"corrected_at": None, "returned_at": "2026-11-06T15:00Z"},
    ],
)
def test_raw_sql_is_refused(shop: shops.Shop, change: dict[str, Any]) -> None:
    withdrawal = pay_out(withdraw(shop, "100.00"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Withdrawal.objects.filter(pk=withdrawal.pk).update(**change)
    back = send_back(withdrawal)
    with pytest.raises(DatabaseError), transaction.atomic():
        ProceedsEntry.objects.create(
            line=shop.line, kind="SENT_BACK", currency="USD", amount=back.amount, withdrawal=back,
            at=shop.at(LATER),
        )  # fmt: skip


@pytest.mark.full  # one approves and another rejects in test_withdrawals_races.py
@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_record_it_once() -> None:
    shop = shop_with("1000.00")
    withdrawal = pay_out(withdraw(shop, "100.00"))

    def record(number: int) -> str:
        try:
            send_back(withdrawal, by=f"officer{number}@tael.example")
        except Refused as refusal:
            return type(refusal).__name__
        return "done"

    assert sorted(at_once(record)) == ["WithdrawalDecided", "done"]
    assert (shop.proceeds(), paid_out(shop)) == ("1000.00", "0.00")
