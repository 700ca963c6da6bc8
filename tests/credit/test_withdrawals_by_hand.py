"""Operators send withdrawals through their bank: a file for it, and one with its answers."""

import csv
import io
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import ProgrammingError, transaction

from credit.models import Freeze, PayoutAnswer, PayoutAnswerFile, Withdrawal
from credit.operations import destinations, payout_answers, payout_files, payouts
from credit.operations.payout_answers import UnreadableFile
from credit.operations.payout_files import Batch, UnknownBatch
from credit.operations.payouts import NotSent
from credit.queries import withdrawals as queries
from credit.queries.payout_answers import to_take
from lib.refusals import AlreadyDecided, Invalid
from tests import shops
from tests.credit.withdrawing import (
    MERCHANT,
    NOW,
    OPERATOR,
    OTHER_OPERATOR,
    add,
    approve,
    cancel,
    entries,
    notices,
    paid_out,
    shop_with,
    status,
    withdraw,
)
from tests.factories import FreezeFactory
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

LATER = "2026-11-04 09:00"
HEADING = "reference,status,bank_reference,reason\n"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 50,000.00 of proceeds."""
    return shop_with("50000.00")


def export(*chosen: Withdrawal, by: str = OPERATOR, at: str = NOW) -> Batch:
    """Write a file for the bank with these withdrawals."""
    return payout_files.export(
        withdrawal_ids=[withdrawal.pk for withdrawal in chosen], actor=by, now=shops.instant(at)
    )


def take(*rows: str, heading: str = HEADING) -> list[PayoutAnswer]:
    """Upload such a file, and do what the job does with it."""
    content = heading + "".join(f"{row}\n" for row in rows)
    return take_file(content.encode())


def take_file(content: bytes) -> list[PayoutAnswer]:
    """Upload the bank's answers, and take each of their rows."""
    now = shops.instant(LATER)
    file = payout_answers.upload(content=content, actor=OTHER_OPERATOR, now=now)
    due = to_take(now)
    assert sorted(due) == sorted(file.answers.values_list("pk", flat=True))
    return [payout_answers.take(answer_id, now=now) for answer_id in due]


def counts(taken: list[PayoutAnswer]) -> tuple[int, int, int, int]:
    """paid, failed, known, refused."""
    found = [answer.outcome for answer in taken]
    paid, failed, known, refused = map(found.count, ("PAID", "FAILED", "KNOWN", "REFUSED"))
    return paid, failed, known, refused


def sent(shop: shops.Shop, amount: str = "100.00") -> Withdrawal:
    """A withdrawal that is in a file for the bank."""
    withdrawal = withdraw(shop, amount)
    assert not export(withdrawal).refused
    return withdrawal


def rows(text: str) -> list[dict[str, Any]]:
    """The rows of the CSV text, by heading."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_file_for_the_bank(shop: shops.Shop) -> None:
    add(shop, at="2026-11-01 11:00", number="13800138000", kind="ALIPAY", bank="", holder="林美")
    first = withdraw(shop, "120.50")
    other = shop_with("300.00", "elsewhere")
    second = withdraw(other, "7.00")
    assert list(queries.to_export()) == [first, second]
    batch = export(first, second)
    assert batch.content == (
        "reference,amount,currency,kind,holder,bank,country,routing,number\r\n"
        f"{first.reference},120.50,USD,ALIPAY,林美,,,,13800138000\r\n"
        f"{second.reference},7.00,USD,BANK_CARD,Mei Lin,ICBC,,,6212262000000050003\r\n"
    )
    assert batch.sent == [first, second]
    assert (status(first), status(second)) == ("SENT", "SENT")
    row = Withdrawal.objects.get(pk=first.pk)
    assert (row.sent_by, row.sent_at, row.batch) == (OPERATOR, shop.at(NOW), batch.name)
    assert list(queries.to_export()) == []
    assert shop.proceeds() == "49879.50"


WHY = "The bank's own upload failed."


def again_of(batch: str, reason: str = WHY, *, as_sent: bool = False) -> str:
    """The file of before, written again."""
    return payout_files.export_again(
        batch=batch, actor=OPERATOR, reason=reason, as_sent=as_sent, now=shops.instant(NOW)
    )


def test_a_lost_file_is_written_again_without_what_has_ended(shop: shops.Shop) -> None:
    first, second = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    batch = export(first, second)
    with nothing_changes(but=["trail_trailentry"]):
        assert again_of(batch.name) == batch.content
    take(f"{first.reference},PAID,B-1,")
    again = rows(again_of(batch.name))
    assert [row["reference"] for row in again] == [second.reference]
    for name in ("B261103-000000", ""):
        with pytest.raises(UnknownBatch):
            again_of(name)
    told = TrailEntry.objects.filter(action="BANK_FILE_DOWNLOADED").order_by("pk")
    assert list(told.values_list("actor", "subject", "after", "reason")) == [
        (OPERATOR, batch.name, {"withdrawals": 2}, WHY),
        (OPERATOR, batch.name, {"withdrawals": 1}, WHY),
    ]


@pytest.mark.full  # a lost one is written again, above
def test_an_ended_file_is_shown_again_byte_for_byte(shop: shops.Shop) -> None:
    first, second = withdraw(shop, "100.00"), withdraw(shop, "200.00")
    other = withdraw(shop_with("300.00", "elsewhere"), "7.00")
    batch = export(second, other, first)
    take(f"{first.reference},PAID,B-1,", f"{second.reference},FAILED,,closed")
    destinations.remove(
        merchant_id=shop.merchant.pk, destination_id=first.destination_id, actor=MERCHANT,
        now=shops.instant(LATER),
    )  # fmt: skip
    take(f"{other.reference},PAID,B-3,")
    assert rows(again_of(batch.name)) == []
    with nothing_changes(but=["trail_trailentry"]):
        assert again_of(batch.name, as_sent=True).encode() == batch.content.encode()
    told = TrailEntry.objects.latest("pk")
    assert (told.action, told.subject, told.reason) == ("BANK_FILE_DOWNLOADED", batch.name, WHY)
    assert told.after == {"withdrawals": 3, "as_sent": True}
    with pytest.raises(Invalid):
        again_of(batch.name, "", as_sent=True)


def test_a_file_is_not_given_without_a_reason(shop: shops.Shop) -> None:
    batch = export(withdraw(shop, "100.00"))
    with pytest.raises(Invalid, match="reason"):
        again_of(batch.name, reason=" ")
    assert not TrailEntry.objects.filter(action="BANK_FILE_DOWNLOADED").exists()


def test_names_are_no_formulas(shop: shops.Shop) -> None:
    cards = ("4242424242424242", "5555555555554444", "378282246310005", "6011111111111117",
             "30569309025904")  # fmt: skip
    names = ("=1+1", "@x", "-5", "+A", "＝1+1")
    added = [
        add(shop, number=card, holder=name, bank=f'{name}, "B"')
        for card, name in zip(cards, names, strict=True)
    ]
    for destination in added:
        withdraw(shop, "1.00", destination_id=destination.pk)
    found = rows(export(*Withdrawal.objects.all()).content)
    assert [row["holder"] for row in found] == ["'=1+1", "'@x", "'-5", "'+A", "'＝1+1"]
    assert found[0]["bank"] == '\'=1+1, "B"'
    assert found[0]["number"] == "4242424242424242"


def test_who_approved_or_asked_for_a_large_one_does_not_send_it(shop: shops.Shop) -> None:
    small, large = withdraw(shop, "100.00"), withdraw(shop, "20000.00")
    approve(large, by=OPERATOR)
    batch = export(large, small, by=OPERATOR)
    assert batch.sent == [small]
    (refused,) = batch.refused
    assert refused.reference == large.reference
    assert f"has to be sent by another person than {OPERATOR}" in refused.problem
    assert status(large) == "APPROVED"
    assert export(large, by=OTHER_OPERATOR).sent == [large]
    own = withdraw(shop, "20000.00", actor="both@tael.example")
    approve(own)
    assert export(own, by="both@tael.example").sent == []


@pytest.mark.full  # its page names it in test_admin_bank_files.py
def test_what_cannot_be_sent_is_left_out_by_name(shop: shops.Shop, settings: LazySettings) -> None:
    cancelled, already = (withdraw(shop, amount) for amount in ("1.00", "2.00"))
    cancel(cancelled)
    export(already)
    settings.TAEL_SANDBOX = True
    automatic = withdraw(shop, "3.00")
    settings.TAEL_SANDBOX = False
    large = withdraw(shop, "20000.00")
    stopped_shop = shop_with("300.00", "elsewhere")
    stopped = withdraw(stopped_shop, "4.00")
    FreezeFactory.create(
        shop=stopped_shop, at=shop.at(NOW), reason=Freeze.Reason.SUSPECTED_FRAUD, actor=OPERATOR
    )
    with nothing_changes():
        batch = export(large, cancelled, already, automatic, stopped)
    assert (batch.sent, batch.content) == ([], "")
    problems = {refused.reference: refused.problem for refused in batch.refused}
    assert "is REQUESTED" in problems[large.reference]
    assert "is CANCELLED" in problems[cancelled.reference]
    assert "is SENT" in problems[already.reference]
    assert "is sent by sandbox" in problems[automatic.reference]
    assert "Withdrawals are stopped" in problems[stopped.reference]
    assert list(queries.to_export()) == []


def test_a_number_that_no_key_opens_is_left_out(shop: shops.Shop, settings: LazySettings) -> None:
    withdrawal = withdraw(shop, "100.00")
    settings.TAEL_ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    with nothing_changes():
        batch = export(withdrawal)
    assert "no key of TAEL_ENCRYPTION_KEYS opens it" in batch.refused[0].problem


def test_the_banks_answers_are_taken(shop: shops.Shop) -> None:
    first, second = sent(shop, "100.00"), sent(shop, "200.00")
    taken = take(f"{first.reference},PAID,B-1,", f"{second.reference},FAILED,,no such account")
    assert counts(taken) == (1, 1, 0, 0)
    paid, failed = (Withdrawal.objects.get(pk=one.pk) for one in (first, second))
    assert (paid.status, paid.provider_reference) == ("PAID", "B-1")
    assert (paid.ended_by, paid.ended_at) == (OTHER_OPERATOR, shop.at(LATER))
    assert (failed.status, failed.reason) == ("FAILED", "no such account")
    assert (shop.proceeds(), paid_out(shop)) == ("49900.00", "100.00")
    assert entries(shop)[1:] == ["WITHDRAWAL -100.00", "WITHDRAWAL -200.00", "RETURNED 200.00"]
    assert notices(shop) == [
        ("WITHDRAWAL_DONE", first.reference),
        ("WITHDRAWAL_FAILED", second.reference),
    ]


def test_the_same_file_uploaded_again_says_nothing_new(shop: shops.Shop) -> None:
    first, second = sent(shop), sent(shop)
    answers = [f"{first.reference},PAID,B-1,", f"{second.reference},FAILED,,no such account"]
    take(*answers)
    with nothing_changes(
        but=["credit_payoutanswer", "credit_payoutanswerfile", "trail_trailentry"]
    ):  # that it was uploaded
        assert counts(take(*answers)) == (0, 0, 2, 0)


def test_each_wrong_row_is_named_and_the_others_count(
    shop: shops.Shop, settings: LazySettings
) -> None:
    good, waiting, twice = sent(shop), withdraw(shop, "5.00"), sent(shop)
    settings.TAEL_SANDBOX = True
    automatic = withdraw(shop, "6.00")
    rows = [
        f"{waiting.reference},PAID,B-1,",
        "W-NOBODY,PAID,B-2,",
        f"{twice.reference},PERHAPS,B-3,",
        f"{twice.reference},PAID,,",
        f"{twice.reference},FAILED,,",
        f"{automatic.reference},PAID,B-4,",
        "",
        f"{twice.reference},failed,,no such account",
        f"{twice.reference},PAID,B-5,",
        f"{twice.reference},FAILED,,another reason",
        f"{good.reference},PAID,B-6,",
    ]
    taken = take(*rows)
    assert counts(taken) == (1, 1, 0, 8)
    refused = [answer for answer in taken if answer.outcome == "REFUSED"]
    assert [(answer.row, answer.problem) for answer in refused] == [
        (2, f"Withdrawal {waiting} was not sent yet."),
        (3, "There is no withdrawal 'W-NOBODY' sent by hand."),
        (4, "status: 'PERHAPS' is neither PAID nor FAILED"),
        (5, "bank_reference: is missing"),
        (6, "reason: is missing"),
        (7, f"There is no withdrawal '{automatic}' sent by hand."),
        (10, f"Withdrawal {twice} is FAILED by {OTHER_OPERATOR}."),
        (11, f"Withdrawal {twice} is FAILED by {OTHER_OPERATOR}."),
    ]
    assert refused[1].reference == "W-NOBODY"
    assert (status(good), status(twice), status(waiting)) == ("PAID", "FAILED", "REQUESTED")


@pytest.mark.parametrize(
    "content",
    some(
        [
            b"",
            b"\xff\xfe\x00",
            b"reference,status,reason\nW1,PAID,\n",
            b"reference,status,status,bank_reference,reason\n",
            HEADING.encode() + b'W1,"PAID,B-1,\n',
            HEADING.encode() + b"W1\x00,PAID,B-1,\n",
            b"reference|status|bank_reference|reason\n",
        ],
        3,
    ),
)
def test_what_is_no_file_of_answers_changes_nothing(shop: shops.Shop, content: bytes) -> None:
    sent(shop)
    with nothing_changes(), pytest.raises(UnreadableFile):
        payout_answers.upload(content=content, actor=OPERATOR, now=shop.at(LATER))
    assert not PayoutAnswer.objects.exists()


def test_a_row_is_taken_in_once_however_often_the_job_comes_to_it(shop: shops.Shop) -> None:
    withdrawal = sent(shop)
    (answer,) = take(f"{withdrawal},PAID,B-1,")
    with nothing_changes():
        again = payout_answers.take(answer.pk, now=shop.at("2026-11-05 09:00"))
    assert (again.outcome, again.done_at) == ("PAID", shop.at(LATER))
    assert to_take(shop.at("2026-11-05 09:00")) == []


def test_what_the_bank_said_stays_as_it_was_said(shop: shops.Shop) -> None:
    (answer,) = take("W-NOBODY,PAID,B-1,")
    for changed in ({"reference": "W-SOMEBODY"}, {"outcome": "PAID", "problem": ""}):
        with pytest.raises(ProgrammingError), transaction.atomic():
            PayoutAnswer.objects.filter(pk=answer.pk).update(**changed)
    with pytest.raises(ProgrammingError), transaction.atomic():
        PayoutAnswer.objects.all().delete()


def test_uploading_says_on_the_trail_who_brought_how_many_rows(shop: shops.Shop) -> None:
    take("W-NOBODY,PAID,B-1,", "W-NOBODY,PAID,B-2,")
    entry = TrailEntry.objects.get(action="BANK_ANSWERS_UPLOADED")
    file = PayoutAnswerFile.objects.get()
    assert (entry.actor, entry.subject, entry.after) == (OTHER_OPERATOR, file.name, {"rows": 2})
    assert file.name.startswith("A261104-")


def test_a_file_that_excel_saved_is_read(shop: shops.Shop) -> None:
    withdrawal = sent(shop)
    content = f"﻿Status,Reference,Reason,Bank_Reference,Teller\r\npaid, {withdrawal} ,,B-1,Wu\r\n"
    taken = take_file(content.encode())
    assert counts(taken) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("between", "above"), some([(";", ""), ("\t", ""), (";", "sep=;\r\n"), (",", "\n\n")], 4)
)
def test_what_stands_between_the_cells_is_told_by_the_heading(
    shop: shops.Shop, between: str, above: str
) -> None:
    paid, failed = sent(shop), sent(shop)
    cells = [
        HEADING.strip().split(","),
        [paid.reference, "PAID", "B-1", ""],
        [failed.reference, "FAILED", "", '"closed; for good"'],
    ]
    content = above + "\r\n".join(between.join(row) for row in cells)
    taken = take_file(b"\xef\xbb\xbf" + content.encode())
    assert counts(taken) == (1, 1, 0, 0)
    assert [answer.row for answer in taken] == [2, 3]
    assert Withdrawal.objects.get(pk=failed.pk).reason == "closed; for good"


def test_one_is_marked_as_paid_or_failed_by_hand(shop: shops.Shop) -> None:
    first, second, waiting = sent(shop), sent(shop), withdraw(shop, "1.00")
    now = shop.at(LATER)
    payouts.mark_paid(withdrawal_id=first.pk, reference="B-1", actor=OPERATOR, now=now)
    payouts.mark_failed(
        withdrawal_id=second.pk, told="no such card", reason="no such card", actor=OPERATOR, now=now
    )
    assert (status(first), status(second)) == ("PAID", "FAILED")
    with nothing_changes():
        with pytest.raises(AlreadyDecided):
            payouts.mark_paid(withdrawal_id=first.pk, reference="B-1", actor=OPERATOR, now=now)
        with pytest.raises(NotSent):
            payouts.mark_failed(
                withdrawal_id=waiting.pk, told="no", reason="no", actor=OPERATOR, now=now
            )
        with pytest.raises(Invalid):
            payouts.mark_failed(
                withdrawal_id=second.pk, told=" ", reason=" ", actor=OPERATOR, now=now
            )
