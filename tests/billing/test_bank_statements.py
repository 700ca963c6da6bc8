"""Statements of our bank accounts: taken once, one after the other, and what comes in is booked."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.documents import pdf
from billing.models import (
    BankFile,
    BankLine,
    BankStatement,
    BankTransfer,
    Invoice,
    Issuer,
    Reversal,
)
from billing.operations import bank_folder, bank_matching, bank_statements, issuers, transfers
from billing.queries import bank_statements as queries
from billing.queries.payment_references import found_in, of_invoice
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid
from merchants.operations.merchants import UnknownMerchant
from notices import letters
from tests import forked, journals, shops
from tests.amounts import usd
from tests.bank_files import IBAN, Paid, camt
from tests.billing import banking
from tests.billing.banking import (
    BY,
    at,
    billed,
    joined,
    match,
    matched,
    of_bank,
    paying,
    take,
)
from tests.billing.reversing import offended
from tests.factories import IssuerFactory
from tests.pdf_text import pages_of
from tests.threads import at_once
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuer() -> None:
    banking.issuer_with_references()


def switch(prefix: str, now: str, *, is_on: bool) -> None:
    found = Issuer.objects.get(prefix=prefix)
    issuers.take_statements(issuer_id=found.pk, is_on=is_on, now=at(now), **BY)


# References.


def test_a_bill_carries_a_reference_from_when_its_issuer_says_so_and_keeps_it() -> None:
    IssuerFactory.create()
    shop = shops.join("2026-11-01 09:00", "rosewood", plan_price="0.00")
    own = billed(shop)
    issuers.choose(merchant_id=shop.merchant.pk, prefix="TH", now=at("2026-11-02 11:00"), **BY)
    before = billed(shop, at="2026-11-03 10:00")
    issuers.choose(merchant_id=shop.merchant.pk, prefix="DE", now=at("2026-11-03 11:00"), **BY)
    first = billed(shop, at="2026-11-04 10:00")
    switch("DE", "2026-11-04 11:00", is_on=False)
    after = billed(shop, at="2026-11-05 10:00")
    assert [of_invoice(one) for one in (own, before, first, after)] == [
        *("", "", "RF71TDE2026000001", ""),
    ]
    paper = [
        pages_of(pdf.invoice_pdf(Invoice.objects.get(pk=one.pk), now=at()))[0]
        for one in (own, first, after)
    ]
    assert "Reference of the transfer T-2026-000001" in paper[0]
    assert "Reference of the transfer RF71 TDE2 0260 0000 1" in paper[1]
    assert "Reference of the transfer T-DE-2026-000002" in paper[2]
    assert found_in("rf71 tde2 0260-0000 1 danke") == [first]
    # Of a bill that has none, it is no reference.
    assert found_in("RF44TDE2026000002 and RF71TDE2026000002") == []


def test_an_issuer_without_an_account_or_with_a_long_prefix_gives_no_references() -> None:
    bare = IssuerFactory.create(prefix="FR", country="FR", tax_number="", bank_accounts=())
    IssuerFactory.create(prefix="SINGAPOR")
    with nothing_changes(), pytest.raises(issuers.NoReferences, match="has no bank account yet"):
        issuers.take_statements(issuer_id=bare.pk, is_on=True, now=at(), **BY)
    switch("SINGAPOR", "2026-11-05 10:00", is_on=True)  # with T in front it just fits
    with nothing_changes(), pytest.raises(Invalid):
        issuers.take_statements(
            issuer_id=Issuer.objects.get(prefix="DE").pk, is_on=False, actor="olga", reason="",
            now=at(),
        )  # fmt: skip
    with nothing_changes():
        switch("DE", "2026-11-05 10:00", is_on=True)


# Statements.


def test_a_statement_is_taken_once_whatever_file_it_comes_in() -> None:
    paid = Paid("5.00", text="interest")
    file = take(paid)
    assert banking.statements() == ["S-1 TAKEN -"]
    entry = TrailEntry.objects.get(action="BANK_STATEMENT_TAKEN")
    assert (entry.actor, entry.after) == (
        "olga@tael.example",
        {"opening": "0.00 USD", "closing": "5.00 USD", "lines": 1},
    )
    with nothing_changes():
        assert take(paid, now="2026-11-06 10:00") == file
    other = camt(paid).replace(b"<MsgId>M-S-1", b"<MsgId>M-2")
    again = partial(
        bank_statements.take, file_name="again.xml", actor="olga@tael.example", now=at()
    )
    assert again(content=other).statements.count() == 0
    assert banking.statements() == ["S-1 TAKEN -"]
    with (
        nothing_changes(),
        pytest.raises(bank_statements.StatementConflict, match="says otherwise"),
    ):
        take(Paid("5.00", text="Interest"))
    for said, content in {
        "is of account DE10100000001234567890 in USD, which is no account": camt(
            paid, account="DE10100000001234567890"
        ),
        "in EUR, which is no account": camt(paid, currency="EUR"),
        "5.00 too much. Look at entry 1": camt(paid, closing="0.00"),
        "is no whole XML": camt(paid)[:-20],
        "has more digits than USD": camt(Paid("5.005"), name="S-2"),
    }.items():
        with nothing_changes(), pytest.raises(bank_statements.UnreadableStatement, match=said):
            again(content=content)
    with pytest.raises(DatabaseError, match="bank_line_says"), transaction.atomic():
        connection.cursor().execute("UPDATE billing_bankline SET amount = 6")
    with pytest.raises(DatabaseError, match="never_changes"), transaction.atomic():
        connection.cursor().execute("UPDATE billing_bankstatement SET closing = 6")


def test_a_gap_and_an_overlap_are_named_and_wait_until_they_follow_or_are_decided() -> None:
    take(Paid("100.00"), on="2026-11-02", name="S-1")
    take(Paid("7.00"), on="2026-11-04", name="S-3", opening="150.00")
    take(Paid("1.00"), on="2026-11-01", name="S-0", opening="3.00")
    gap, overlap = BankStatement.objects.filter(status="WAITING").order_by("pk")
    assert queries.why_it_waits(gap) == (
        "Gap: it begins with 150.00 USD, and the last statement that was taken, S-1 up to"
        " 2026-11-02, ended with 100.00 USD: 50.00 USD between them."
    )
    assert queries.why_it_waits(overlap) == (
        "Overlap: it ends on 2026-11-01, and the last statement that was taken, S-1, ends on"
        " 2026-11-02."
    )
    match()
    assert set(
        BankLine.objects.exclude(statement__name="S-1").values_list("status", flat=True)
    ) == {"WAITING"}
    take(Paid("50.00"), on="2026-11-03", name="S-2", opening="100.00")  # what was missing
    assert banking.statements() == [
        "S-1 TAKEN -",
        "S-3 TAKEN S-2",
        "S-0 WAITING -",
        "S-2 TAKEN S-1",
    ]
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_statements.accept(statement_id=gap.pk, now=at(), **BY)
    bank_statements.set_aside(statement_id=overlap.pk, now=at(), **BY)
    take(Paid("9.00"), on="2026-11-09", name="S-9", opening="200.00")
    take(Paid("1.00"), on="2026-11-10", name="S-10", opening="209.00")
    late = BankStatement.objects.get(name="S-9")
    with nothing_changes(), pytest.raises(Invalid):
        bank_statements.accept(statement_id=late.pk, actor="olga", reason=" ", now=at())
    bank_statements.accept(statement_id=late.pk, now=at(), **BY)
    assert banking.statements()[2:] == [
        *("S-0 SET_ASIDE -", "S-2 TAKEN S-1", "S-9 TAKEN S-3", "S-10 TAKEN S-9"),
    ]
    assert offended() == []


# What is certain.


def test_the_same_day_in_another_file_of_an_account_that_is_emptied_each_evening_waits() -> None:
    shop = joined()
    evening = Paid("210.00", "to the head office", is_credit=False)
    matched(paying(billed(shop)), evening)
    unnamed = paying(billed(shop, at="2026-11-06 10:00"), reference="", text="thank you")
    day = (unnamed, evening)
    take(*day, name="S-2", on="2026-11-06", now="2026-11-06 22:00")
    take(*day, name="940-2", on="2026-11-06", now="2026-11-06 22:00")
    assert queries.why_it_waits(BankStatement.objects.get(name="940-2")) == (
        "Overlap: for each of its lines there is one of the same day and amount in statements that"
        " were taken."
    )
    take(*day, name="S-3", on="2026-11-07", now="2026-11-07 22:00")
    assert banking.statements() == [
        *("S-1 TAKEN -", "S-2 TAKEN S-1", "940-2 WAITING -", "S-3 TAKEN S-2"),
    ]
    assert offended() == []


def test_of_a_batch_there_is_a_line_for_each_payment_that_moves_something() -> None:
    batch = Paid("210.00", parts=(Paid("0.00", "information"), Paid("210.00", "a payment")))
    nothing = Paid("0.00", parts=(Paid("7.00", "in"), Paid("7.00", "out", is_credit=False)))
    assert matched(batch, nothing, Paid("0.00", "information"), version=8) == [
        *("210.00 OPEN UNKNOWN - -", "7.00 OPEN UNKNOWN - -", "-7.00 OUTGOING DEBIT - -"),
    ]
    assert offended() == []


def test_the_reference_and_the_right_amount_pay_the_bill_on_its_value_date() -> None:
    shop, other = joined(), joined("lotus")
    first, second, third = billed(shop), billed(shop, "300.00"), billed(other, "250.50")
    in_text = paying(
        third, reference="", text=f"Bill {of_invoice(third)[:9]} {of_invoice(third)[9:]}"
    )
    batch = Paid(
        "510.00", parts=[paying(first, bank_reference="B-1"), paying(second, bank_reference="B-1")]
    )
    assert matched(batch, in_text, opening="-20.00", on="2026-11-04", version=8) == [
        "210.00 BOOKED REFERENCE rosewood DE-2026-000001",
        "300.00 BOOKED REFERENCE rosewood DE-2026-000002",
        "250.50 BOOKED REFERENCE lotus DE-2026-000003",
    ]
    assert [of_bank(one) for one in (first, second, third)] == [
        *("PAID 210.00/210.00", "PAID 300.00/300.00", "PAID 250.50/250.50"),
    ]
    transfer = BankTransfer.objects.get(bank_line__number=1)
    assert (transfer.reference, f"{transfer.arrived_on}", transfer.recorded_by) == (
        *("B-1", "2026-11-04", "match-bank-lines"),
    )
    with nothing_changes():
        match("2026-11-06 10:00")
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_matching.place(
            line_id=BankLine.objects.get(number=1).pk, merchant="lotus", actor=BY["actor"], now=at()
        )
    found = queries.reckoned(BankStatement.objects.get())
    assert (found.booked, found.closing, found.difference, found.brought) == (
        *(usd("760.50"), usd("740.50"), usd("-20.00"), usd("-20.00")),
    )
    assert journals.told(shop, "2026-11-05")[-1] == (
        f"2026-11-05 line 2 of bank statement S-1: bank.{IBAN} 300.00, cash.manual -300.00"
    )
    journals.prove()
    assert offended() == []


def test_a_transfer_that_an_operator_had_recorded_is_the_lines() -> None:
    shop = joined()
    invoice = billed(shop)
    transfers.record(
        invoice_id=invoice.pk, amount=usd("210.00"), reference="BANK-1", actor=BY["actor"],
        now=at("2026-11-04 10:00"),
    )  # fmt: skip
    line = paying(invoice, "210.00", bank_reference="BANK-1")
    assert matched(line) == ["210.00 PROPOSED WANTS_NONE rosewood DE-2026-000001"]
    bank_matching.confirm(line_id=BankLine.objects.get().pk, actor=BY["actor"], now=at())
    assert BankTransfer.objects.get() == BankLine.objects.get().transfer
    assert shop.account.unapplied == usd(0)
    assert offended() == []


@pytest.mark.django_db(transaction=True)
def test_each_line_is_booked_once_by_two_at_once_and_by_one_that_is_killed() -> None:
    shop = joined()
    invoice = billed(shop)
    take(paying(invoice), paying(invoice, "50.00", reference="", account="", name=""))
    line = BankLine.objects.get(number=1)
    booking = partial(bank_matching.match, line.pk, now=at())
    for statements in (8, 20, 32):
        assert forked.killed_before(statements, booking) == -signal.SIGKILL
        line.refresh_from_db()
        assert (line.status, BankTransfer.objects.count()) == ("WAITING", 0)
    at_once(lambda number: booking().status, threads=4)
    assert BankTransfer.objects.get().amount == usd(210)
    match()
    other = BankLine.objects.get(number=2)

    def place(number: int) -> str:
        try:
            bank_matching.place(line_id=other.pk, merchant="rosewood", actor="olga", now=at())
        except AlreadyDecided:
            return "decided"
        return "placed"

    assert at_once(place, threads=4) == {"placed": 1, "decided": 3}
    assert (shop.account.unapplied, BankTransfer.objects.count()) == (usd(50), 2)
    assert offended() == []


# What is likely, and the rest.


def test_another_amount_is_proposed_and_confirmed_or_refused_once() -> None:
    shop = joined()
    invoice = billed(shop)
    less, more = paying(invoice, "200.00", instructed="210.00 EUR"), paying(invoice, "15.00")
    assert matched(less, more) == [
        "200.00 PROPOSED AMOUNT rosewood DE-2026-000001",
        "15.00 PROPOSED AMOUNT rosewood DE-2026-000001",
    ]
    assert of_bank(invoice) == "OPEN 0.00/210.00"
    first, second = BankLine.objects.order_by("number")
    bank_matching.confirm(line_id=first.pk, actor=BY["actor"], now=at())
    assert of_bank(invoice) == "OPEN 200.00/210.00"
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_matching.confirm(line_id=first.pk, actor=BY["actor"], now=at())
    with nothing_changes(), pytest.raises(Invalid):
        bank_matching.refuse(line_id=second.pk, actor=BY["actor"], reason="", now=at())
    bank_matching.refuse(line_id=second.pk, now=at(), **BY)
    assert banking.lines()[1] == "15.00 OPEN BY_HAND - -"
    with nothing_changes(), pytest.raises(UnknownMerchant):
        bank_matching.place(line_id=second.pk, merchant="elm", actor="olga", now=at())
    with nothing_changes(), pytest.raises(Invalid, match="has no bill DE-2026-000009"):
        bank_matching.place(
            line_id=second.pk, merchant="rosewood", number="DE-2026-000009", actor="olga", now=at()
        )
    bank_matching.place(
        line_id=second.pk, merchant="rosewood", number="DE-2026-000001", actor="olga", now=at()
    )
    assert (of_bank(invoice), shop.account.unapplied) == ("PAID 210.00/210.00", usd(5))
    assert offended() == []


def test_whoever_paid_before_is_known_by_the_account() -> None:
    shop, other = joined(), joined("lotus")
    first = billed(shop)
    matched(paying(first))
    second = billed(shop, "300.00", at="2026-11-06 10:00")
    unnamed = partial(paying, second, reference="", text="thank you")
    assert matched(
        unnamed(), unnamed("1.00"), unnamed(account=""), unnamed(account="", name="Oak Ltd"),
        unnamed(account="DE75512108001245126199"),
        opening="210.00", name="S-2", on="2026-11-06", now="2026-11-06 22:00",
    ) == [
        "300.00 PROPOSED PAYER rosewood DE-2026-000002",
        "1.00 BOOKED KNOWN rosewood -",
        "300.00 OPEN UNKNOWN rosewood -",  # by its name alone
        "300.00 OPEN UNKNOWN - -",
        "300.00 OPEN UNKNOWN - -",
    ]  # fmt: skip
    # The dollar paid a part of the bill at once, so that it is another amount that is left.
    assert of_bank(second) == "OPEN 1.00/300.00"
    bank_matching.place(
        line_id=BankLine.objects.get(statement__name="S-2", number=5).pk, merchant="lotus",
        now=at("2026-11-06 23:00"), actor="olga",
    )  # fmt: skip
    assert other.account.unapplied == usd(300)
    third = billed(other, "400.00", at="2026-11-07 10:00")
    assert of_bank(third) == "OPEN 300.00/400.00"
    # From an account, and by a name, of two merchants nothing is known.
    assert matched(
        unnamed("100.00", account="DE75512108001245126199"), unnamed("100.00", account=""),
        Paid("9.00"), opening="1411.00", name="S-3", on="2026-11-07", now="2026-11-07 22:00",
    ) == [
        "100.00 PROPOSED PAYER lotus DE-2026-000003",
        "100.00 OPEN UNKNOWN - -",
        "9.00 OPEN UNKNOWN - -",
    ]  # fmt: skip
    last = BankLine.objects.get(statement__name="S-3", number=3)
    bank_matching.set_aside(line_id=last.pk, now=at("2026-11-08 10:00"), **BY)
    assert banking.lines()[2] == "9.00 SET_ASIDE BY_HAND - -"
    assert offended() == []


def test_what_cannot_be_of_one_bill_is_placed_by_hand() -> None:
    shop, euros = joined(), joined("lotus", billing_currency="EUR", currency="EUR")
    first, second = billed(shop), billed(shop, "300.00")
    both = paying(first, reference="", text=f"{of_invoice(first)} {of_invoice(second)}")
    ours = Paid("80.00", returned="AC04", name="Payee")
    fee = Paid("3.50", text="fee", is_credit=False)
    assert matched(both, ours, fee) == [
        "210.00 OPEN SEVERAL - -",
        "80.00 OPEN OURS - -",
        "-3.50 OUTGOING DEBIT - -",
    ]
    line = BankLine.objects.get(number=2)
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        bank_matching.place(line_id=line.pk, merchant="lotus", actor="olga", now=at())
    assert euros.account.unapplied.amount == 0
    found = queries.reckoned(BankStatement.objects.get())
    assert (found.booked, found.waits, found.outside) == (usd(0), usd("290.00"), usd("-3.50"))


# What is taken back.


def test_a_payment_that_is_returned_is_a_reversal_once_an_operator_says_so() -> None:
    shop = joined()
    invoice = billed(shop)
    paid = paying(invoice, bank_reference="B-7", end_to_end_id="E-7")
    back = Paid(
        "210.00", is_credit=False, is_reversal=True, end_to_end_id="E-7", returned="AC04",
        name="Rosewood GmbH",
    )  # fmt: skip
    other = Paid("1.00", is_credit=False, is_reversal=True, end_to_end_id="E-7")
    assert matched(paid, back, other) == [
        "210.00 BOOKED REFERENCE rosewood DE-2026-000001",
        "-210.00 RETURN TAKEN_BACK rosewood -",
        "-1.00 OUTGOING DEBIT - -",
    ]
    line = BankLine.objects.get(number=2)
    bank_matching.take_back(line_id=line.pk, now=at(), **BY)
    reversal = Reversal.objects.get()
    assert (reversal.status, reversal.amount, reversal.state, reversal.payment.invoice) == (
        *("RECORDED", usd(210), "AC04", invoice),
    )
    assert of_bank(invoice) == "PAID 210.00/210.00"
    said = letters.sentence(shop.merchant.notices.get(kind="PAYMENT_REVERSED"))
    assert said.replace("\N{NO-BREAK SPACE}", " ") == (
        "210.00 USD that was transferred for bill DE-2026-000001 was returned by the bank. The bill"
        " stays paid while we look into it; we tell you here what follows."
    )
    with nothing_changes(), pytest.raises(AlreadyDecided):
        bank_matching.take_back(line_id=line.pk, now=at(), **BY)
    told = journals.told(shop)
    assert told[-1] == (
        f"2026-11-05 line 2 of bank statement S-1: bank.{IBAN} -210.00, cash.manual 210.00"
    )
    assert (
        f"2026-11-05 reversal {reversal.provider_reference}: reversals 210.00, cash.manual -210.00"
    ) in told
    journals.prove()
    assert offended() == []


# The folder.


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.TAEL_BANK_FOLDER = str(tmp_path)
    return tmp_path


def put(folder: Path, name: str, content: bytes, written: str = "2026-11-05 20:00") -> None:
    (folder / name).write_bytes(content)
    stamp = at(written).timestamp()
    os.utime(folder / name, (stamp, stamp))


def there(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_what_is_put_into_the_folder_is_taken_and_moved(folder: Path) -> None:
    invoice = billed(joined())
    whole = camt(paying(invoice))
    put(folder, "a.xml", whole)
    put(folder, "b.xml", whole[:-40])
    put(folder, "c.xml", whole, written="2026-11-05 21:59:30")  # perhaps it is still being written
    put(folder, ".hidden.xml", whole)
    (folder / "link.xml").symlink_to(folder / "a.xml")
    shops.run_jobs(at("2026-11-05 22:00"))
    shops.run_jobs(at("2026-11-05 22:01"))
    assert there(folder) == [
        *(".hidden.xml", "done/a.xml", "done/c.xml", "failed/b.xml", "failed/b.xml.txt"),
    ]
    said = (folder / "failed/b.xml.txt").read_text()
    assert said.startswith("the file is no whole XML: ")
    assert [(one.name, one.problem[:25]) for one in BankFile.objects.order_by("pk")] == [
        *(("a.xml", ""), ("b.xml", "the file is no whole XML:")),
    ]
    assert of_bank(invoice) == "PAID 210.00/210.00"
    put(folder, "a.xml", whole)  # the same again
    with nothing_changes():
        bank_folder.take_in(now=at("2026-11-05 23:00"))
    assert "done/a-2.xml" in there(folder)


def test_a_file_that_fails_holds_up_no_other_and_is_noted_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder, "a.xml", camt(Paid("5.00"), name="S-5"))
    put(folder, "b.xml", camt(Paid("119.00"), closing="120.00"))
    put(folder, "c.xml", camt(Paid("7.00"), name="S-7"))
    moving, taking = bank_folder._move, bank_statements.take

    def take(*, file_name: str, **given: Any) -> BankFile:
        if file_name == "a.xml":
            raise ZeroDivisionError
        return taking(file_name=file_name, **given)

    def move(file: Path, folder: str) -> Path:
        if file.name == "b.xml":
            raise PermissionError
        return moving(file, folder)

    with monkeypatch.context() as patched:
        patched.setattr(bank_statements, "take", take)
        patched.setattr(bank_folder, "_move", move)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                bank_folder.take_in(now=at())
    assert there(folder) == ["a.xml", "b.xml", "done/c.xml"]
    assert "119.00" in BankFile.objects.exclude(problem="").get().problem
    assert "119.00" not in caplog.text
    bank_folder.take_in(now=at())
    assert there(folder) == ["done/a.xml", "done/c.xml", "failed/b.xml", "failed/b.xml.txt"]
    assert BankFile.objects.exclude(problem="").count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_dies_before_the_file_is_moved_leaves_it_to_the_next(folder: Path) -> None:
    put(folder, "a.xml", camt(Paid("5.00")))

    def die(file: Path, folder: str) -> Path:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def taking() -> None:
        bank_folder._move = die
        bank_folder.take_in(now=at())

    assert forked.run(taking) == -signal.SIGKILL
    assert (there(folder), BankStatement.objects.count()) == (["a.xml"], 1)
    bank_folder.take_in(now=at())
    assert (there(folder), BankStatement.objects.count()) == (["done/a.xml"], 1)


def test_without_a_folder_nothing_is_looked_for(settings: Any) -> None:
    assert bank_folder.folders(at()) == []
    settings.TAEL_BANK_FOLDER = "/nowhere"
    assert bank_folder.folders(at()) == []
