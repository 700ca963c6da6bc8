"""Two web servers and two workers without a folder in common: what one took in, the other shows."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import LazySettings

from billing.models import YearArchive
from billing.queries import documents
from credit.models import PayoutAnswerFile, Withdrawal
from gateway.imports.models import Import
from jobs.timetable import job_named
from lib import clock
from tests.credit import withdrawing
from tests.credit.pages import set_clock
from tests.factories import PASSWORD, browser_of, member, operator
from tests.machines.apart import Machine, Page, Somebody, Upload, machines
from tests.shops import Shop

pytestmark = pytest.mark.django_db(transaction=True)

NOW = "2026-11-03 10:00"
OWNER, OLGA = "mei@rosewood.example", "olga@tael.example"
SCAN = b"%PDF-1.7 a licence"
ADMIN = "/admin/credit"
PROFILE = "/m/rosewood/settings/profile/"


@pytest.fixture
def shop(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with 900.00 of proceeds, of which 100.00 are to be withdrawn by hand, and a bill of
    210.00.
    """
    settings.TAEL_PAYOUT_PROVIDER = "manual"
    monkeypatch.setattr(documents, "SMALL_DOCUMENTS", 0)  # a year's file is built by a worker
    set_clock(monkeypatch)(NOW)
    shop = withdrawing.shop_with("900.00", billing_threshold="200.00")
    shop.charge("2026-11-02 10:00", "receiving", "210.00", "C-1")
    withdrawing.withdraw(shop, "100.00", "2026-11-03 09:00")
    return shop


def words(page: Page) -> str:
    """The text of the page, which is no error."""
    assert page.status == 200, page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def test_what_one_machine_took_in_the_other_shows_and_either_works_off(
    shop: Shop, data_folder: Path
) -> None:
    owner, olga = member(shop, email=OWNER), operator("Credit officer", email=OLGA)
    with machines(data_folder, "north", "south") as (north, south):
        an_owner_signs_in_and_uploads(Somebody(north, south), OWNER)
        browser = Somebody(south, north, signed_in=browser_of(owner))
        a_year_is_built_by_a_third_and_taken_from_both(browser)
        office = Somebody(north, south, signed_in=browser_of(olga))
        a_file_is_imported(office, north)
        the_bank_answers(office, south)
        assert (north.files(), south.files()) == ([], [])


def an_owner_signs_in_and_uploads(somebody: Somebody, email: str) -> None:
    """Check that an owner signs in and uploads a licence, with each request to another machine."""
    assert somebody.get(f"/accounts/login/?next={PROFILE}").status == 200
    told = {"login": email, "password": PASSWORD, "next": PROFILE}
    assert somebody.post("/accounts/login/", **told).location == PROFILE
    scan = Upload("licence.pdf", SCAN)
    somebody.get(PROFILE)
    assert somebody.post(PROFILE, contact_name="Mei", licence_document=scan).status == 302
    assert somebody.get(f"{PROFILE}document/").content == SCAN
    assert somebody.get(f"{PROFILE}document/").content == SCAN
    orders = somebody.get("/m/rosewood/credit/orders.csv").content
    assert orders.count(b"900.00")
    assert somebody.get("/m/rosewood/credit/orders.csv").content == orders


def a_year_is_built_by_a_third_and_taken_from_both(browser: Somebody) -> None:
    """Check that a ZIP file of a year, built by one process, is taken from both machines. The
    builder is the tests' own process: the threads of typst are not forked along with one that has
    set documents before, and the PDFs of a process without them never come.
    """
    year = "/m/rosewood/billing/accountant/years/2026"
    assert browser.post(f"{year}/build/").status == 302
    job_named("build-archives").run_here(clock.now())
    assert YearArchive.objects.get().is_ready
    assert [browser.get(f"{year}.zip").content[:2] for _ in range(2)] == [b"PK"] * 2


def a_file_is_imported(office: Somebody, worker: Machine) -> None:
    """Check that a file that one machine took is taken in by another."""
    rows = b"merchant,order,buyer,amount,currency\nrosewood,A-1,Kai,10.00,USD\n"
    form = {"kind": "ORDERS", "file": Upload("old.csv", rows), "reason": "The old shop's."}
    assert "1 row is in order" in words(office.post("/admin/gateway/import/decide/upload/", **form))
    page = f"/admin/gateway/import/{Import.objects.get().pk}"
    assert "0 of 1 rows" in words(office.get(f"{page}/change/"))
    worker.run("imports")
    assert "1 of 1 rows" in words(office.get(f"{page}/change/"))
    assert b"applied" in office.get(f"{page}/result/").content


def the_bank_answers(office: Somebody, worker: Machine) -> None:
    """Check that a file for the bank, and its answers, go through several machines."""
    row = Withdrawal.objects.get()
    sent = office.post(f"{ADMIN}/withdrawal/decide/export/", withdrawals=[row.pk])
    assert "1 withdrawal is written" in words(sent)
    download = f"{ADMIN}/withdrawal/{row.pk}/download/file/"
    file = office.post(download, reason="For today's payout run.").content.decode()
    assert f"{row.reference},100.00,USD," in file
    rows = f"reference,status,bank_reference,reason\n{row},PAID,B-1,\n"
    answers = Upload("answers.csv", rows.encode())
    said = office.post(f"{ADMIN}/withdrawal/decide/answers/", file=answers)
    assert "The file is here, with 1 rows." in words(said)
    worker.run("bank-answers")
    page = f"{ADMIN}/payoutanswerfile/{PayoutAnswerFile.objects.get().pk}/change/"
    assert "Marked as paid: 1" in words(office.get(page))
