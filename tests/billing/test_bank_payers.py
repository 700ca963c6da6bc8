"""Who is on the other side of our bank accounts is kept encrypted, exported, and erased (29.27)."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from billing.models import BankLine
from billing.operations import bank_matching
from billing.personal import BooksKept, LineWaits
from jobs.retention import RETENTION
from lib import secrets
from merchants import personal
from merchants.models import Erasure, User
from merchants.operations import erasures
from tests.bank_files import Paid
from tests.billing import banking
from tests.billing.banking import BY, PAYER, at, billed, joined, matched, paying
from tests.billing.reversing import offended
from tests.factories import browser_of, operator
from tests.merchants import erasing
from tests.merchants.test_encrypted import KEYS
from tests.text import text_of
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

OTHERS = "DE75512108001245126199"
WHY = "Asked by letter of 18 November."
SECRETS = ("Zoë Payer", "Nattaya", PAYER, OTHERS, "for Zoë", "thanks, Nat")


@pytest.fixture(autouse=True)
def issuer() -> None:
    """Make an issuer with a bank account, and have its statements taken."""
    banking.issuer_with_references()


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


def paid_by_two() -> None:
    """Zoë has paid a bill, and Nattaya what is nobody's; a withdrawal went out to Nattaya."""
    invoice = billed(joined())
    nattaya: dict[str, Any] = {"name": "Nattaya", "account": OTHERS}
    assert matched(
        paying(invoice, name="Zoë Payer", text="for Zoë"),
        Paid("7.00", text="thanks, Nat", **nattaya),
        Paid("80.00", is_credit=False, **nattaya),
    ) == [
        "210.00 BOOKED REFERENCE rosewood DE-2026-000001",
        "7.00 OPEN UNKNOWN - -",
        "-80.00 OUTGOING DEBIT - -",
    ]  # fmt: skip


def set_aside() -> None:
    """Set the second line of the bank aside."""
    line = BankLine.objects.get(number=2)
    bank_matching.set_aside(line_id=line.pk, now=at("2026-11-06 10:00"), **BY)


def test_nobody_who_paid_is_in_a_dump_and_people_who_may_see_them(boss: User) -> None:
    paid_by_two()
    assert erasing.found(*SECRETS) == []
    browser = browser_of(boss)
    by_account = "/admin/billing/bankline/?q=DE75 5121 0800 1245 1261 99"
    page = text_of(browser.get(by_account))
    assert ("Nattaya" in page, "thanks, Nat" in page, "Zoë" in page) == (True, True, False)
    line = BankLine.objects.get(number=1)
    row = text_of(browser.get(f"/admin/billing/bankline/{line.pk}/change/"))
    assert ("Zoë Payer" in row, PAYER in row, "for Zoë" in row) == (True, True, True)


@pytest.mark.full  # test_rotate_keys has it of other columns
def test_payers_are_known_while_keys_are_rotated_and_after(settings: LazySettings) -> None:
    settings.TAEL_ENCRYPTION_KEYS = KEYS[:1]
    shop = joined()
    matched(paying(billed(shop)))
    billed(shop, "300.00", at="2026-11-06 10:00")
    unnamed: dict[str, Any] = {"name": "Rosewood GmbH", "text": "thank you", "account": PAYER}
    settings.TAEL_ENCRYPTION_KEYS = [KEYS[1], KEYS[0]]
    assert matched(Paid("300.00", **unnamed), opening="210.00", name="S-2") == [
        "300.00 PROPOSED PAYER rosewood DE-2026-000002"
    ]
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    # The second was written with the new key at once.
    assert "2 other sides of bank lines, 1 of them encrypted anew." in said.getvalue()
    settings.TAEL_ENCRYPTION_KEYS = KEYS[1:2]
    found = matched(
        Paid("300.00", **unnamed), Paid("300.00", name="ROSEWOOD  gmbh"),
        opening="510.00", name="S-3",
    )  # fmt: skip
    assert found == [
        "300.00 PROPOSED PAYER rosewood DE-2026-000002",
        "300.00 PROPOSED NAME rosewood DE-2026-000002",
    ]
    first, second = BankLine.objects.order_by("pk")[:2]
    BankLine.objects.filter(pk=second.pk).update(other_side=bytes(first.other_side))
    second.refresh_from_db()
    with pytest.raises(secrets.Undecryptable):  # it was another row's
        _ = second.other
    (said_by_audit,) = offended()
    assert f"merchant='rosewood', subject='other sides of bank lines: row {second.pk}'" in (
        said_by_audit
    )


@pytest.mark.full  # as of a buyer in test_erasing_buyers.py
def test_an_export_has_all_of_a_payer_and_nothing_of_others(boss: User) -> None:
    paid_by_two()
    for payer in ("de75 5121 0800 1245 1261 99", " NATTAYA "):
        _, content = erasures.data_of_payer(payer=payer, reason=WHY, actor=boss, now=at())
        kept = json.loads(content)["kept"]["lines of bank statements"]
        assert [(row["amount"], row["text"]) for row in kept] == [
            *(("7.00 USD", "thanks, Nat"), ("-80.00 USD", "SEPA-GUTSCHRIFT")),
        ]
        assert {(row["name"], row["account"]) for row in kept} == {("Nattaya", OTHERS)}
        assert "Zoë" not in content.decode()
    # The trail has neither.
    subjects = TrailEntry.objects.filter(action="PERSON_DATA_TAKEN").order_by("pk")
    assert list(subjects.values_list("subject", flat=True)) == ["payer …1 99", "payer …TAYA"]
    with nothing_changes(), pytest.raises(erasures.NothingKept):
        erasures.data_of_payer(payer="Zo", reason=WHY, actor=boss, now=at())


def test_a_short_name_is_not_on_the_trail(boss: User) -> None:
    assert matched(Paid("7.00", name="Chen", account=OTHERS)) == ["7.00 OPEN UNKNOWN - -"]
    _, content = erasures.data_of_payer(payer="Chen", reason=WHY, actor=boss, now=at())
    assert len(json.loads(content)["kept"]["lines of bank statements"]) == 1
    assert json.loads(content)["about"] == "payer …"
    assert TrailEntry.objects.get(action="PERSON_DATA_TAKEN").subject == "payer …"


def test_what_the_books_need_of_a_payer_stays_and_the_rest_becomes_a_pseudonym(boss: User) -> None:
    paid_by_two()
    with nothing_changes():
        with pytest.raises(LineWaits, match="waits to be placed"):
            erasures.erase_payer(payer=OTHERS, reason=WHY, actor=boss, now=at())
        with pytest.raises(BooksKept, match="4018 days after their day"):
            erasures.erase_payer(payer=PAYER, reason=WHY, actor=boss, now=at())
    set_aside()
    erased = erasures.erase_payer(payer=OTHERS, reason=WHY, actor=boss, now=at())
    assert erased.rows == {"lines of bank statements": 2}
    lines = BankLine.objects.order_by("number")
    assert [one.other.name for one in lines] == ["Zoë Payer", str(erased), str(erased)]
    assert [one.other.account for one in lines] == [PAYER, "", ""]
    with nothing_changes(), pytest.raises(erasures.NothingKept):
        erasures.erase_payer(payer=OTHERS, reason=WHY, actor=boss, now=at())
    assert offended() == []


def test_a_payment_that_waits_once_its_line_is_locked_is_not_erased(boss: User) -> None:
    paid_by_two()
    (holding,) = personal.of(personal.Subject(personal.Kind.PAYER, at(), (OTHERS,)))
    with nothing_changes(), pytest.raises(LineWaits, match="waits to be placed"):
        holding.erase(personal.Subject(personal.Kind.PAYER, at(), (OTHERS,)), "erased-0")


@pytest.mark.full  # what is not needed goes above
def test_all_of_it_goes_with_the_books(settings: LazySettings) -> None:
    paid_by_two()  # Nattaya's payment waits still
    settings.TAEL_BANK_LINES_KEPT_DAYS = 4000
    RETENTION.run_here(at("2026-11-06 00:00") + timedelta(days=4000))
    assert {bytes(one.other_side) for one in BankLine.objects.all()} & {b""} == {b""}
    assert [bool(one.other_side) for one in BankLine.objects.order_by("number")] == [
        *(False, True, False),
    ]
    entry = TrailEntry.objects.get(action="RETENTION_APPLIED", subject="other sides of bank lines")
    assert entry.after["removed"] == 2
    assert (BankLine.objects.get(number=1).status, BankLine.objects.get(number=1).other.name) == (
        *("BOOKED", ""),
    )
    assert offended() == []


@pytest.mark.full  # as a person in test_erasing_people.py
def test_administrators_alone_erase_a_payer_by_the_admins_page(boss: User) -> None:
    paid_by_two()
    set_aside()
    page = "/admin/merchants/erasure/decide/payer/"
    said = {"payer": "Nattaya", "reason": WHY}
    officers = [browser_of(operator(role)) for role in ("Billing officer", "Auditor")]
    chief = browser_of(boss)
    with nothing_changes():
        assert [one.post(page, said).status_code for one in officers] == [403, 403]
        assert "Who paid what was booked" in text_of(chief.get(page))
        assert "which the books need" in text_of(chief.post(page, said | {"payer": "Zoë Payer"}))
    file = chief.post("/admin/merchants/erasure/decide/payer-data/", said)
    assert json.loads(file.content)["about"] == "payer …taya"
    assert "is erased, and known as erased-" in text_of(chief.post(page, said, follow=True))
    assert Erasure.objects.get().kind == "PAYER"
