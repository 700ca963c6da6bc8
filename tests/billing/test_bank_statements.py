"""Statements of our bank accounts: taken once, one after the other, from pages and a folder."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import (
    BankFile,
    BankLine,
    BankStatement,
)
from billing.operations import bank_folder, bank_statements
from billing.queries import bank_statements as queries
from lib.bank_files import reading
from lib.refusals import AlreadyDecided, Invalid
from tests import forked, shops
from tests.amounts import usd
from tests.bank_files import GERMAN, Paid, camt
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
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuer() -> None:
    """Make an issuer with a bank account, and have its statements taken."""
    banking.issuer_with_references()


def _as_of_before(statement: str, *values: str) -> None:
    """Have the row stand as a version before would have written it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


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
    # One whose digest was made in another way than digests are made now is the same all the same.
    (read,) = reading.read(camt(paid))
    _as_of_before("UPDATE billing_bankstatement SET digest = %s", read.former_digest)
    assert again(content=camt(paid).replace(b"M-S-1", b"M-3")).statements.count() == 0
    with pytest.raises(bank_statements.StatementConflict):
        again(content=camt(Paid("5.00", text="Interest")))
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


@pytest.mark.full  # those that it counts, above
def test_of_statements_that_a_bank_does_not_count_each_of_a_day_is_taken_once() -> None:
    noon = GERMAN.replace("EUR", "USD").replace(":28C:00011/001", ":28C:0")
    evening = noon.replace("C261104USD500", "C261105USD599").replace("USD599,00\n-", "USD698,00\n-")
    said = partial(bank_statements.take, file_name="a.sta", actor="olga", now=at())
    said(content=(noon + evening).encode("cp1252"))
    (first, second) = banking.statements()
    assert (first, second) == (
        "STARTUMSE 0 2026-11-05 e88e59dc TAKEN -",
        "STARTUMSE 0 2026-11-05 f8d5ac47 TAKEN STARTUMSE 0 2026-11-05 e88e59dc",
    )
    assert said(content=evening.encode("cp1252")).statements.count() == 0
    # One that was taken while the day alone was in its name is known by that, and by what it says.
    (read,) = reading.read(noon.encode("cp1252"))
    _as_of_before(
        "UPDATE billing_bankstatement SET name = %s, digest = %s WHERE name = %s",
        *(read.former_id, read.former_digest, read.id),
    )
    assert said(content=f"{noon} ".encode("cp1252")).statements.count() == 0
    assert len(banking.statements()) == 2
    assert offended() == []


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


@pytest.mark.full  # an overlap waits above
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


SIXTH: dict[str, Any] = {"on": "2026-11-06", "now": "2026-11-06 22:00"}
AGAIN = Paid("150.00", name="Rosewood GmbH", account=banking.PAYER)


def _paid_and_known() -> shops.Shop:
    """A shop that paid a bill on 5 November, and 150.00 for none on the 6th, from its account."""
    shop = joined()
    matched(paying(billed(shop)))
    assert matched(AGAIN, opening="210.00", **SIXTH, name="S-2") == [
        "150.00 BOOKED KNOWN rosewood -"
    ]
    return shop


def _accept(name: str) -> list[str]:
    """Have the statement taken all the same; returns what becomes of its lines."""
    waiting = BankStatement.objects.get(name=name)
    bank_statements.accept(statement_id=waiting.pk, now=at("2026-11-07 09:00"), **BY)
    match("2026-11-07 09:01")
    return banking.lines()


def test_what_says_again_what_was_taken_is_an_overlap_and_books_no_line_twice_by_itself() -> None:
    shop = _paid_and_known()
    take(AGAIN, opening="210.00", **SIXTH, name="940-2")
    assert queries.why_it_waits(BankStatement.objects.get(name="940-2")) == (
        "Overlap: for each of its lines there is one of the same day and amount in statements that"
        " were taken."
    )
    assert _accept("940-2") == ["150.00 OPEN KNOWN rosewood -"]
    shop.account.refresh_from_db()
    assert shop.account.unapplied == usd(150)
    assert [str(one) for one in queries.repeated_by(BankLine.objects.latest("pk"))] == [
        "line 1 of DE02120300000000202051 S-2"
    ]
    # The next day follows it.
    take(Paid("1.00"), opening="360.00", on="2026-11-07", now="2026-11-07 22:00", name="S-3")
    assert banking.statements()[2:] == ["940-2 TAKEN S-2", "S-3 TAKEN 940-2"]
    assert offended() == []


def test_what_says_again_a_part_of_what_was_taken_is_an_overlap_too() -> None:
    shop = _paid_and_known()
    named = paying(billed(shop, "200.00", at="2026-11-06 10:00"))  # 50.00 of it are left to pay
    more = Paid("7.00", name="Rosewood GmbH", account=banking.PAYER)
    take(AGAIN, named, more, opening="210.00", **SIXTH, name="W-1")
    assert queries.why_it_waits(BankStatement.objects.get(name="W-1")) == (
        "Overlap: for 1 of its 3 lines there is one of the same day and amount in statements that"
        " were taken. Besides, it begins with 210.00 USD, and the last statement that was taken,"
        " S-2 up to 2026-11-06, ended with 360.00 USD: -150.00 USD between them."
    )
    assert _accept("W-1") == [
        "150.00 OPEN KNOWN rosewood -",
        "50.00 BOOKED REFERENCE rosewood DE-2026-000002",
        "7.00 BOOKED KNOWN rosewood -",
    ]
    assert offended() == []


def test_a_day_that_comes_again_once_the_account_was_emptied_waits() -> None:
    paid = paying(billed(joined()))
    matched(paid)
    take(Paid("210.00", is_credit=False), opening="210.00", name="S-2")
    take(paid, name="940-1")
    assert banking.statements() == ["S-1 TAKEN -", "S-2 TAKEN S-1", "940-1 WAITING -"]
    assert queries.why_it_waits(BankStatement.objects.get(name="940-1")) == (
        "Overlap: for each of its lines there is one of the same day and amount in statements that"
        " were taken."
    )
    assert offended() == []


# The folder.


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """The folder into which files of the bank are put."""
    settings.TAEL_BANK_FOLDER = str(tmp_path)
    return tmp_path


def put(folder: Path, name: str, content: bytes, written: str = "2026-11-05 20:00") -> None:
    """Put a file into the folder, as written at this instant of UTC."""
    (folder / name).write_bytes(content)
    stamp = at(written).timestamp()
    os.utime(folder / name, (stamp, stamp))


def there(folder: Path) -> list[str]:
    """The files in the folder and below, by their paths in it."""
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


@pytest.mark.full  # files of the folder are taken above
def test_a_file_that_fails_holds_up_no_other_and_is_noted_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(folder, "a.xml", camt(Paid("5.00"), name="S-5"))
    put(folder, "b.xml", camt(Paid("119.00"), closing="120.00"))
    put(folder, "c.xml", camt(Paid("7.00"), name="S-7"))
    moving, taking = bank_folder._move, bank_statements.take

    def take(*, file_name: str, **given: Any) -> BankFile:
        """Take the file in, but fail at a.xml."""
        if file_name == "a.xml":
            raise ZeroDivisionError
        return taking(file_name=file_name, **given)

    def move(file: Path, folder: str) -> Path:
        """Move the file, but fail at b.xml."""
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


@pytest.mark.full  # the same file is taken once, above
@pytest.mark.django_db(transaction=True)
def test_whoever_dies_before_the_file_is_moved_leaves_it_to_the_next(folder: Path) -> None:
    put(folder, "a.xml", camt(Paid("5.00")))

    def die(file: Path, folder: str) -> Path:
        """Kill this process."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def taking() -> None:
        """Take the folder's files in, and die before one is moved."""
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
