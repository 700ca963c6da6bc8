"""Bills and credit notes that a country's tax office clears."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from jsonschema import Draft202012Validator

from billing.clearing import registry
from billing.clearing.protocol import Answer, NoAnswer
from billing.documents import note_pdf, pdf
from billing.models import Clearance, CreditNote, Invoice
from billing.operations import clearances, invoice_decisions
from billing.queries import books
from jobs import leases, requested
from jobs.models import JobFailure
from jobs.silences import KeepsSilent, Silences
from lib.refusals import AlreadyDecided, Invalid
from tests import shops
from tests.billing.taxing import BY, billed, german
from tests.billing.test_credit_notes import SCHEMA
from tests.books import assert_clean
from tests.credit.pages import set_clock
from tests.factories import DetailsFactory, browser_of, member, operator
from tests.gateway.asking import Caller
from tests.gateway.asking import said as said_by
from tests.jobs.working import open_failures, run
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

PAGE = "/m/rosewood/billing/invoices/DE-2026-000001/"


class Killed(BaseException):
    """The process is killed."""


class Office:
    """A tax office that keeps what it got, and fails as it is told."""

    def __init__(self) -> None:
        self.got: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.answer = Answer(number="25-0000-0001")
        self.before: BaseException | None = None  # what happens to a document on its way there
        self.after: BaseException | None = None  # and to the answer on its way back

    def send(self, key: str, document: bytes) -> Answer:
        """Take in a document, each key once, and answer; it breaks off before or after that if the
        test says so.
        """
        self.asked.append(f"send {key}")
        if self.before:
            raise self.before
        assert key not in self.got
        self.got[key] = document
        if self.after:
            raise self.after
        return self.answer

    def find(self, key: str) -> Answer | None:
        """The answer of before to this key, None if nothing came under it."""
        self.asked.append(f"find {key}")
        return self.answer if key in self.got else None


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """A tax office that all clearances go to."""
    office = Office()
    monkeypatch.setattr(registry, "provider", lambda name: office)
    return office


def clearing(provider: str, settings: Any) -> Shop:
    """A shop whose issuer has its documents cleared."""
    settings.TAEL_SANDBOX = True
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    choose(shop, provider, "2026-11-02 08:00")
    return shop


def choose(shop: Shop, provider: str, at: str) -> None:
    """Have the shop's issuer clear bills by this provider."""
    issuer = shop.account.issuer
    assert issuer
    clearances.choose(issuer_id=issuer.pk, provider=provider, now=shop.at(at), **BY)


def taken_up(shop: Shop, at: str = "2026-11-02 11:00", reference: str = "a") -> Clearance:
    """Charge 100.05, have it billed at this time, and have the bill taken up for clearing. Returns
    its clearance.
    """
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", reference)
    invoice = billed(shop, at)
    assert invoice.issuer
    clearances.take_up(invoice.issuer.issuer_id, now=shop.at(at))
    return Clearance.objects.get(invoice=invoice)


def test_a_number_that_an_operator_enters_is_on_the_bill(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shop = german()
    DetailsFactory.create(shop=shop, at="2026-11-01 10:00")
    shop.charge("2026-11-02 07:00", "pick-pack", "10.00", "before")
    assert billed(shop, "2026-11-02 07:30").number == "DE-2026-000001"
    shop.run_jobs("2026-11-02 08:00")
    assert not Clearance.objects.exists()  # off until it is set
    with nothing_changes(), pytest.raises(Invalid):
        choose(shop, "SANDBOX", "2026-11-02 08:00")
    choose(shop, "MANUAL", "2026-11-02 08:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    shop.run_jobs("2026-11-02 12:00")
    shop.run_jobs("2026-11-02 13:00")
    clearance = Clearance.objects.get()  # the bill of before has none
    assert (clearance.invoice, clearance.status, clearance.sent_at) == (invoice, "OPEN", None)
    set_clock(monkeypatch)("2026-11-03 10:00")
    owner, page = browser_of(member(shop)), PAGE.replace("000001", "000002")
    assert "is being registered with the tax office" in text_of(owner.get(page))
    officer = browser_of(operator("Billing officer"))
    enter = f"/admin/billing/clearance/{clearance.pk}/decide/enter/"
    said = {"number": "25 0000 0001", "reason": "from the portal"}
    auditor = browser_of(operator("Auditor"))
    with nothing_changes():
        assert auditor.post(enter, said).status_code == 403
    said["file"] = SimpleUploadedFile("fapiao.pdf", b"%PDF-1")  # type: ignore[assignment]
    assert officer.post(enter, said).status_code == 302
    assert "Number at the tax office 25 0000 0001" in text_of(owner.get(page))
    assert (
        "Number at the tax office 25 0000 0001"
        in pages_of(pdf.invoice_pdf(Invoice.objects.get(pk=invoice.pk), now=invoice.issued_at))[0]
    )
    file = owner.get(f"{page}cleared/")
    assert (file.content, file["Content-Disposition"]) == (
        b"%PDF-1",
        'attachment; filename="fapiao.pdf"',
    )
    stranger = browser_of(member(shops.join("2026-11-01 09:00", "plain")))
    assert stranger.get(f"{page}cleared/").status_code == 404
    assert Client().get(f"{page}cleared/").status_code == 302
    assert owner.get(f"{PAGE}cleared/").status_code == 404
    with nothing_changes(), pytest.raises(AlreadyDecided):
        clearances.enter(
            clearance_id=clearance.pk, number="other", now=shop.at("2026-11-04 09:00"), **BY
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute("UPDATE billing_clearance SET number = 'other'")
    assert_clean()


@pytest.mark.full  # a bill has them above
def test_a_credit_note_has_its_number_and_file_as_its_bill_has(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shop = clearing("MANUAL", settings)
    invoice = taken_up(shop).invoice
    assert invoice
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at("2026-11-02 11:30"), **BY)
    shop.run_jobs("2026-11-02 12:00")
    set_clock(monkeypatch)("2026-11-03 10:00")
    owner, file = browser_of(member(shop)), f"{PAGE}credit-note/cleared/"
    told = "The credit note is being registered with the tax office."
    assert told in text_of(owner.get(PAGE))
    assert owner.get(file).status_code == 404
    for number, clearance in enumerate(Clearance.objects.order_by("pk"), start=1):
        clearances.enter(
            clearance_id=clearance.pk,
            number=f"25-000{number}",
            file=b"%PDF-1" if clearance.note else b"",
            file_name="red.pdf",
            now=shop.at("2026-11-03 09:00"),
            **BY,
        )
    said = text_of(owner.get(PAGE))
    assert "Credit note T-DE-CN-2026-000001 Number at the tax office 25-0002" in said
    assert told not in said
    answer = owner.get(file)
    assert (answer.content, answer["Content-Disposition"]) == (
        b"%PDF-1",
        'attachment; filename="red.pdf"',
    )
    assert browser_of(member(shop, role="VIEWER")).get(file).status_code == 403
    stranger = browser_of(member(shops.join("2026-11-01 09:00", "plain")))
    assert stranger.get(file).status_code == 404
    assert Client().get(file).status_code == 302
    told_by_api = said_by(Caller("read").get("/merchants/rosewood/invoices/DE-2026-000001"))
    of_invoice, of_note = told_by_api["clearance"], told_by_api["credit_note"]["clearance"]
    assert of_invoice == {
        "status": "CLEARED", "number": "25-0001", "cleared_at": "2026-11-03T09:00:00Z",
    }  # fmt: skip
    assert of_note["number"] == "25-0002"
    book = books.of([shop.merchant.pk])[shop.merchant.pk]
    document = {"$ref": "#/$defs/billing", "$defs": SCHEMA["$defs"]}
    wrong = Draft202012Validator(document).iter_errors(book)
    assert [f"{one.json_path}: {one.message}" for one in wrong] == []
    (told_of_note,) = book["credit_notes"]
    assert (told_of_note["clearance"]["number"], told_of_note["clearance"]["file_name"]) == (
        *("25-0002", "red.pdf"),
    )
    assert book["invoices"][0]["clearance"]["status"] == "CLEARED"
    assert_clean()


def test_what_is_cleared_stays_what_it_is(office: Office, settings: Any) -> None:
    shop = clearing("SANDBOX", settings)
    clearance = taken_up(shop)
    office.answer = Answer()  # it has it, and has not decided
    clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    shop.charge("2026-11-02 12:10", "pick-pack", "1.00", "b")
    other = billed(shop, "2026-11-02 12:20")
    for change in (
        f"invoice_id = {other.pk}", "provider = 'MANUAL'", "content = 'x'", "sent_at = NULL",
        "key = 'x'", "taken_up_at = now()",
    ):  # fmt: skip
        with nothing_changes(), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(f"UPDATE billing_clearance SET {change}")


@pytest.mark.full  # a bill has one that was entered
def test_the_sandbox_gives_numbers_to_a_bill_and_then_to_its_note(settings: Any) -> None:
    shop = clearing("SANDBOX", settings)
    shop.charge("2026-11-02 10:00", "pick-pack", "100.05", "a")
    invoice = billed(shop, "2026-11-02 11:00")
    invoice_decisions.void(invoice_id=invoice.pk, now=shop.at("2026-11-02 11:30"), **BY)
    states = []
    for minute in ("12:00", "12:05", "12:10", "12:15", "12:20", "12:25"):
        shop.run_jobs(f"2026-11-02 {minute}")
        states.append([one.status for one in Clearance.objects.order_by("pk")])
    assert states[0] == ["OPEN", "OPEN"]
    assert ["CLEARED", "OPEN"] in states
    assert states[-1] == ["CLEARED", "CLEARED"]
    note = CreditNote.objects.get()
    assert f"Number at the tax office {note.clearance.number}" in pages_of(
        note_pdf.credit_note_pdf(note)
    )[0].replace("\N{ZERO WIDTH SPACE}", "")
    assert b"CreditNoteTypeCode" in bytes(note.clearance.content)
    assert_clean()


@pytest.mark.parametrize(("where", "sent"), [("after", 1), ("before", 2)])
def test_what_may_have_been_sent_is_asked_for_before_it_is_sent(
    office: Office, settings: Any, where: str, sent: int
) -> None:
    shop = clearing("SANDBOX", settings)
    clearance = taken_up(shop)
    setattr(office, where, Killed())
    with pytest.raises(Killed):
        clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    setattr(office, where, None)
    clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:05"))
    # Late, and twice.
    clearances.clear(clearance.pk, now=shop.at("2026-11-09 12:00"))
    key = "T-DE-2026-000001-1"
    assert office.asked == [f"send {key}", f"find {key}", f"send {key}"][: sent + 1]
    assert list(office.got) == [key]
    clearance.refresh_from_db()
    assert (clearance.status, clearance.number) == ("CLEARED", "25-0000-0001")
    assert bytes(clearance.content) == office.got[key]


def test_of_two_at_once_one_asks_and_what_keeps_silent_is_asked_ever_more_seldom(
    office: Office, settings: Any
) -> None:
    shop = clearing("SANDBOX", settings)
    clearance = taken_up(shop)
    with leases.held(f"clearance {clearance.pk}"):
        clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    # Nor is anything written of a document that a run does not come to, as its provider is silent.
    with nothing_changes(), pytest.raises(KeepsSilent):
        clearances.clear(
            clearance.pk, now=shop.at("2026-11-02 12:00"), silences=Silences(["SANDBOX"])
        )
    assert office.asked == []
    office.after = NoAnswer("timed out")
    with pytest.raises(KeepsSilent):
        clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    office.answer = Answer()  # it has it, and has not decided
    for at in ("12:04", "12:05", "12:14", "12:15", "12:34"):
        clearances.clear(clearance.pk, now=shop.at(f"2026-11-02 {at}"))
    key = "T-DE-2026-000001-1"
    assert office.asked == [f"send {key}", f"find {key}", f"find {key}"]


def test_what_was_refused_is_sent_again_as_another_attempt(office: Office, settings: Any) -> None:
    shop = clearing("SANDBOX", settings)
    clearance = taken_up(shop)
    office.answer = Answer(refusal="The tax number is not known. " * 20)
    clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    clearance.refresh_from_db()
    assert (clearance.status, len(clearance.refusal)) == ("REFUSED", 500)
    assert clearance.refusal.startswith("The tax number is not known. The tax")
    said: dict[str, Any] = {"clearance_id": clearance.pk, "now": shop.at("2026-11-02 13:00")}
    with nothing_changes(), pytest.raises(Invalid):
        clearances.send_again(**said, actor="olga@tael.example", reason="")
    clearances.send_again(**said, **BY)
    with nothing_changes(), pytest.raises(clearances.NotByHand):
        clearances.enter(number="1", **said, **BY)
    office.answer = Answer(number="25-0000-0002")
    clearances.clear(clearance.pk, now=shop.at("2026-11-02 13:05"))
    assert office.asked == ["send T-DE-2026-000001-1", "send T-DE-2026-000001-2"]
    clearance.refresh_from_db()
    assert (clearance.number, clearance.refusal) == ("25-0000-0002", "")


def test_what_lacks_something_is_not_sent_and_an_operator_enters_its_number(
    office: Office, settings: Any
) -> None:
    settings.TAEL_SANDBOX = True
    shop = german()
    choose(shop, "SANDBOX", "2026-11-02 08:00")
    clearance = taken_up(shop)
    clearances.clear(clearance.pk, now=shop.at("2026-11-02 12:00"))
    clearance.refresh_from_db()
    assert clearance.status == "REFUSED"
    assert clearance.refusal.startswith("It was not sent. Your billing details were not confirmed")
    assert office.asked == []
    clearances.enter(clearance_id=clearance.pk, number="7", now=shop.at("2026-11-02 13:00"), **BY)
    choose(shop, "", "2026-11-02 14:00")
    shop.charge("2026-11-02 14:10", "pick-pack", "1.00", "b")
    billed(shop, "2026-11-02 14:20")
    shop.run_jobs("2026-11-02 15:00")
    assert Clearance.objects.get().number == "7"


def test_one_that_failed_stays_parked_until_it_is_asked_about_again(
    office: Office, settings: Any
) -> None:
    clearance = taken_up(clearing("SANDBOX", settings))
    office.before = ValueError("broken")
    for at in ("12:00", "12:05"):
        run("clear-documents", f"2026-11-02 {at}")
    clearance.refresh_from_db()
    assert clearance.next_at == shops.instant("2026-11-02 12:15")
    parked = [("clear-documents", "rosewood", 2)]
    assert open_failures() == parked
    run("clear-documents", "2026-11-02 12:10")
    assert open_failures() == parked
    failure, now = JobFailure.objects.get(), shops.instant("2026-11-02 12:11")
    with nothing_changes(), pytest.raises(requested.TriedLater):
        requested.retry(failure_id=failure.pk, actor="olga@tael.example", reason="Now.", now=now)
    office.before = None
    run("clear-documents", "2026-11-02 12:15")
    assert open_failures() == []
    assert (len(office.got), JobFailure.objects.get().failures) == (1, 2)


def test_one_that_failed_and_was_entered_by_hand_is_parked_no_longer(
    office: Office, settings: Any
) -> None:
    shop = clearing("SANDBOX", settings)
    taken_up(shop)
    office.before = ValueError("broken")
    run("clear-documents", "2026-11-02 12:00")
    assert open_failures() == [("clear-documents", "rosewood", 1)]
    Clearance.objects.update(
        status="REFUSED", refusal="No.", ended_at=shop.at("2026-11-02 12:02"), ended_by="office",
        next_at=None,
    )  # fmt: skip
    run("clear-documents", "2026-11-02 12:05")
    assert open_failures() == []
