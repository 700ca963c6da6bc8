"""What an accountant takes away: charges of any days, a year's documents, spreadsheets."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from billing.forms.accountant import Days
from billing.models import ArchivePart, YearArchive
from billing.operations import archives
from billing.queries import documents
from lib import spreadsheets
from merchants.models import Merchant, User
from merchants.operations import merchants
from tests import shops
from tests.billing import deciding
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.pdf_text import pages_of
from tests.shops import Shop
from tests.spreadsheets import cells_of
from tests.text import text_of
from tests.trailed import entries
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
PAGE = "/m/rosewood/billing/accountant/"
DAYS = {"start": "2026-10-03", "end": "2026-10-31"}


@kept()
def written() -> Shop:
    """A shop with charges of 3.50 on 3 October, 12.00 on the 5th, posted as it ends, and 1.00 in
    November; October is closed.
    """
    shop = shops.join("2026-10-01 09:00", plan_price="39.00")
    shop.charge("2026-10-03 19:00", "pick-pack", "3.50", "c-1", request="FR-7", quantity="2.5")
    shop.charge("2026-10-05 15:00", "shipping-label", "12.00", "@c-2", description="=1+1")
    shop.run_jobs("2026-11-01 01:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "1.00", "c-3", request="FR-8")
    deciding.ask(shop, "2026-11-02 11:00", "c-1", "2.00")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 3 Nov 2026, 10:00 UTC."""
    clock("2026-11-03 10:00")
    return written


def taken(client: Client, path: str, **asked: str) -> bytes:
    """The content of the shop's file at this path."""
    response = client.get(f"/m/rosewood/{path}", asked)
    assert response.status_code == 200
    return b"".join(response)


def rows(client: Client, path: str, **asked: str) -> list[list[str]]:
    """The rows of the shop's CSV file at this path."""
    return list(csv.reader(io.StringIO(taken(client, path, **asked).decode("utf-8-sig"))))


def test_charges_of_any_days_come_as_csv_and_as_a_spreadsheet_of_the_same_rows(shop: Shop) -> None:
    client = browser_of(member(shop, "FINANCE"))
    headings, *found = rows(client, "billing/accountant/charges.csv", **DAYS)
    assert headings[0] == "Day"
    assert [(row[0], row[1], row[8], row[-1]) for row in found] == [
        ("2026-10-03", "c-1", "3.50", "T-2026-000002"),
        ("2026-10-05", "'@c-2", "12.00", "T-2026-000002"),
        ("2026-10-31", "tael:plan:2026-10-31", "39.00", "T-2026-000002"),
    ]
    sheet = cells_of(taken(client, "billing/accountant/charges.csv", format="xlsx", **DAYS))
    assert sheet[0] == headings
    assert (sheet[1][1], sheet[1][6], sheet[1][8]) == ("c-1", "n:2.5", "n:3.50")
    assert sheet[2][5] == "'=1+1"  # text, and no formula
    assert not [cell for row in sheet for cell in row if cell.startswith("f:")]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"start": "2026-10-05", "end": "2026-10-03"}, "This is before the first day."),
        ({"start": "2026-11-01", "end": "2026-11-03"}, "days that are over, up to 1 Nov 2026."),
        ({"start": "yesterday", "end": "2026-10-03"}, "Enter a valid date."),
    ],
)
def test_days_that_cannot_be_are_told(shop: Shop, asked: dict[str, str], said: str) -> None:
    response = browser_of(member(shop)).get(f"{PAGE}charges.csv", asked)
    assert response.status_code == 422
    assert said in text_of(response)


def test_days_are_chosen_by_name_and_only_those_that_are_over(shop: Shop) -> None:
    days = Days(last=date(2026, 11, 15), named="30")
    assert (days.initial["start"], days.initial["end"]) == (date(2026, 10, 18), date(2026, 11, 15))
    assert list(days.presets) == ["7", "30", "month", "last-month"]
    first = Days(last=date(2026, 10, 31), named="month")  # no day of November is over
    assert "month" not in first.presets
    assert (first.initial["start"], first.initial["end"]) == (date(2026, 10, 1), date(2026, 10, 31))
    page = browser_of(member(shop)).get(f"{PAGE}?days=last-month").content.decode()
    assert 'value="2026-10-01"' in page
    assert 'value="2026-10-31"' in page


def test_every_list_comes_as_csv(shop: Shop) -> None:
    client = browser_of(member(shop))
    costs = rows(client, "billing/requests.csv")
    columns = ("Request", "First service", "Charges", "Cost", "Currency")
    places = [costs[0].index(name) for name in columns]
    assert [[row[at] for at in places] for row in costs[1:]] == [
        ["FR-8", "2026-11-02 10:00:00", "1", "1.00", "USD"],
        ["FR-1", "2026-10-05 15:00:00", "1", "12.00", "USD"],
        ["FR-7", "2026-10-03 19:00:00", "1", "3.50", "USD"],
    ]
    assert rows(client, "billing/days.csv", month="2026-11")[1:] == [
        [
            "2026-11-02",
            "Fulfilment",
            "Pick and pack",
            "1",
            "1.00",
            "USD",
            "2026-11-02 10:00:00",
            "2026-11-02T10:00:00Z",
            "",
        ]
    ]
    (credit,) = rows(client, "billing/credits.csv")[1:]
    assert (credit[0], credit[2:5]) == ("c-1", ["Waits for an answer", "2.00", "USD"])
    notices = rows(client, "notices.csv")
    assert {row[-1] for row in notices[1:]} >= {"BILL_ISSUED", "STATEMENT_CLOSED"}
    issued = (
        "Bill T-2026-000002 over 54.50 USD was issued on 31 Oct 2026. Please pay it by bank "
        "transfer by 7 Nov 2026, with the reference T-2026-000002."
    )
    assert issued in {row[4].replace("\N{NO-BREAK SPACE}", " ") for row in notices}


def test_an_amount_of_more_digits_than_spreadsheets_keep_is_text_to_the_last_cent() -> None:
    file = io.BytesIO(b"Amount,Count\n12345678901234.56,7\n-1234567890123.45,\n")
    assert cells_of(spreadsheets.of_csv(file, frozenset({0, 1})).read()) == [
        ["Amount", "Count"],
        ["12345678901234.56", "n:7"],
        ["n:-1234567890123.45"],
    ]


def test_a_file_that_would_take_too_long_as_a_spreadsheet_comes_as_csv(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 2)
    client = browser_of(member(shop))
    response = client.get("/m/rosewood/billing/requests.csv", {"format": "xlsx"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert b"".join(response) == taken(client, "billing/requests.csv")


def test_a_years_documents_come_in_one_file_and_that_stands_on_the_trail(shop: Shop) -> None:
    person = member(shop, "FINANCE", email="fin@shop.example")
    client = browser_of(person)
    with zipfile.ZipFile(io.BytesIO(taken(client, "billing/accountant/years/2026.zip"))) as found:
        assert found.testzip() is None
        assert sorted(found.namelist()) == [
            "rosewood-2026/bills.csv",
            "rosewood-2026/bills/bill-T-2026-000001.csv",
            "rosewood-2026/bills/bill-T-2026-000001.pdf",
            "rosewood-2026/bills/bill-T-2026-000002.csv",
            "rosewood-2026/bills/bill-T-2026-000002.pdf",
            "rosewood-2026/statements.csv",
            "rosewood-2026/statements/statement-2026-10.csv",
            "rosewood-2026/statements/statement-2026-10.pdf",
        ]
        statement = found.read("rosewood-2026/statements/statement-2026-10.csv")
        assert statement == taken(client, "billing/statements/2026-10.csv")
        invoices = found.read("rosewood-2026/bills.csv").decode("utf-8-sig").splitlines()
        assert invoices[1].startswith("T-2026-000001,2026-10-01,Subscription,")
        assert invoices[2].startswith("T-2026-000002,2026-10-31,Subscription,")
        assert "54.50" in pages_of(found.read("rosewood-2026/bills/bill-T-2026-000002.pdf"))[0]
    entry = entries()[-1]
    assert (entry.action, entry.actor, entry.subject) == (
        "YEAR_TAKEN", "fin@shop.example", "documents of 2026",
    )  # fmt: skip
    # The files are in the language of the merchant's documents, whoever takes them.
    Merchant.objects.update(language="th")
    User.objects.filter(pk=person.pk).update(language="en")
    with zipfile.ZipFile(io.BytesIO(taken(client, "billing/accountant/years/2026.zip"))) as found:
        statement = found.read("rosewood-2026/statements/statement-2026-10.csv")
        assert "ค่าหยิบและแพ็กสินค้า" in statement.decode()
        assert found.read("rosewood-2026/bills.csv").decode("utf-8-sig").startswith("เลขที่ใบแจ้งหนี้,")
    viewer = browser_of(member(shop, "VIEWER"))
    with nothing_changes():
        assert viewer.get(f"{PAGE}years/2026.zip").status_code == 403
        assert client.get(f"{PAGE}years/2025.zip").status_code == 404


@pytest.mark.full  # one that is small, above
def test_a_large_year_is_built_by_a_job_and_kept_for_a_week(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, clock: Callable[[str], None]
) -> None:
    monkeypatch.setattr(documents, "SMALL_DOCUMENTS", 1)
    client = browser_of(member(shop))
    assert "Build the file" in text_of(client.get(PAGE))
    assert client.get(f"{PAGE}years/2026.zip").status_code == 302
    for _ in range(2):  # asked for twice, it is built once
        client.post(f"{PAGE}years/2026/build/")
    assert "Being built." in text_of(client.get(PAGE))
    shop.run_jobs("2026-11-03 10:01")
    archive = YearArchive.objects.get()
    assert (archive.status, archive.parts.count()) == ("READY", 1)
    assert "kept until 10 Nov 2026 10:01" in text_of(client.get(PAGE))
    with zipfile.ZipFile(io.BytesIO(taken(client, "billing/accountant/years/2026.zip"))) as found:
        assert found.testzip() is None
        assert len(found.namelist()) == 8
    shop.run_jobs("2026-11-10 10:01")
    assert YearArchive.objects.get().status == "EXPIRED"
    assert not ArchivePart.objects.exists()
    clock("2026-11-10 10:02")
    assert client.get(f"{PAGE}years/2026.zip").status_code == 302


def test_a_year_is_built_three_times_within_24_hours_at_most(shop: Shop) -> None:
    """Each file is kept for a week, whoever asks for it."""
    asked: dict[str, Any] = {"merchant_id": shop.merchant.pk, "year": 2026, "actor": "rose"}
    built = []
    for hour in range(9, 13):
        now = shop.at(f"2026-11-03 {hour:02}:00")
        built.append(archives.ask(**asked, now=now).pk)
        archives.work_off(built[-1], now)
    assert built[3] == built[2]
    assert YearArchive.objects.filter(status="READY").count() == 3
    assert archives.ask(**asked, now=shop.at("2026-11-04 08:59")).pk == built[2]
    assert archives.ask(**asked, now=shop.at("2026-11-04 09:00")).status == "WAITING"
    assert archives.ask(**asked | {"year": 2025}, now=shop.at("2026-11-04 09:00")).pk not in built


@pytest.mark.full  # Thai dates in test_pdf_letters.py
def test_thai_documents_have_buddhist_years_if_the_merchant_wants_them(
    clock: Callable[[str], None],
) -> None:
    shop = shops.join("2026-10-01 09:00", "siam", language="th", plan_price="39.00")
    clock("2026-10-01 10:00")
    client = browser_of(member(shop))
    number = str(shop.account.invoices.get().number)

    def dates() -> str:
        return pages_of(client.get(f"/m/siam/billing/invoices/{number}.pdf").content)[0]

    assert "2026" in dates().replace(number, "")
    client.post("/m/siam/billing/accountant/years/dates/", {"buddhist_years": "on"})
    assert (entries()[-1].action, entries()[-1].after) == (
        "YEARS_CHOSEN", {"buddhist_years": True},
    )  # fmt: skip
    assert "2569" in dates()
    assert "2026" not in dates().replace(number, "")
    # What machines read keeps its years.
    assert ",2026-10-01," in b"".join(client.get("/m/siam/billing/invoices.csv")).decode()
    with nothing_changes():
        merchants.choose_years(
            merchant_id=shop.merchant.pk,
            buddhist=True,
            actor="mei",
            now=shop.at("2026-10-02 10:00"),
        )
