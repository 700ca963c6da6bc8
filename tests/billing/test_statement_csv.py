"""Closed statements as CSV, through the page and the command."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from moneyed import Money

from billing.documents.csv_export import Incomplete
from billing.documents.statement_csv import Export
from billing.models import BillingAccount, Charge, StatementTotal
from billing.operations import charges
from lib.csv_files import BLOCK
from merchants.models import User
from tests import shops
from tests.credit.pages import set_clock
from tests.factories import ChargeFactory, GrantedCreditFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full, some

pytestmark = pytest.mark.django_db

ADDRESS = "/m/rosewood/billing/statements/2026-10.csv"
OCTOBER = """\
Statement month,Merchant,Charge,Category,Fee,Request,Description,Quantity,Amount,Currency,\
Service date,Service time,Service time (UTC),Arrived,Arrived (UTC),Late,Bill #
2026-10,"Rosewood, Dresses",c-1,Fulfilment,Pick and pack,FR-7,,2.5,3.50,USD,\
2026-10-03,2026-10-03 19:00:00,2026-10-04T02:00:00Z,\
2026-10-03 19:00:00,2026-10-04T02:00:00Z,no,T-2026-000001
2026-10,"Rosewood, Dresses",'@c-2,Shipping,Shipping label,,"'=HYPERLINK(""x"",""y"")",1,12.00,USD,\
2026-10-05,2026-10-05 15:00:00,2026-10-05T22:00:00Z,\
2026-10-05 15:00:00,2026-10-05T22:00:00Z,no,T-2026-000001
2026-10,"Rosewood, Dresses",c-3,Fulfilment,Pick and pack,'-5,'+66 2 555,1,1.00,USD,\
2026-10-31,2026-10-31 12:00:00,2026-10-31T19:00:00Z,\
2026-10-31 12:00:00,2026-10-31T19:00:00Z,no,
"""


@kept()
def shop() -> Shop:
    """A shop in Los Angeles with three charges in October, two of them billed on the 31st."""
    shop = shops.join("2026-10-01 09:00", timezone="America/Los_Angeles", name="Rosewood, Dresses")
    shop.charge("2026-10-03 19:00", "pick-pack", "3.50", "c-1", request="FR-7", quantity="2.5")
    formula = '=HYPERLINK("x","y")'
    shop.charge(
        "2026-10-05 15:00", "shipping-label", "12.00", "@c-2", description=formula, request=""
    )
    text = {"request": "-5", "description": "+66 2 555"}
    shop.charge("2026-10-31 12:00", "pick-pack", "1.00", "c-3", **text)
    return shop


def close(shop: Shop) -> None:
    """Close the statement of October."""
    shop.run_jobs("2026-11-01 00:00")


def exported(shop: Shop, month: str = "2026-10") -> str:
    """What `manage.py statement_csv` writes of the month."""
    out = io.StringIO()
    call_command("statement_csv", shop.reference, month, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("role", ["OWNER", "FINANCE"])
def test_the_page_sends_one_row_per_charge(shop: Shop, role: str) -> None:
    close(shop)
    response = browser_of(member(shop, role)).get(ADDRESS)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        response["Content-Disposition"] == 'attachment; filename="statement-rosewood-2026-10.csv"'
    )
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert content.decode("utf-8-sig") == OCTOBER
    assert content.startswith(b"\xef\xbb\xbf")  # by which spreadsheets know UTF-8


def test_headings_and_fees_are_in_the_readers_language_or_in_english_on_request(shop: Shop) -> None:
    close(shop)
    owner = member(shop)
    User.objects.filter(pk=owner.pk).update(language="th")
    client = browser_of(owner)
    rows = {}
    for address in (ADDRESS, f"{ADDRESS}?english=1"):
        content = b"".join(client.get(address).streaming_content)  # type: ignore[attr-defined]
        rows[address] = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    thai, english = rows.values()
    assert (english[0][4], english[1][4], english[1][15]) == ("Fee", "Pick and pack", "no")
    assert (thai[0][4], thai[1][4], thai[1][15]) == ("ค่าธรรมเนียม", "ค่าหยิบและแพ็กสินค้า", "ไม่ใช่")
    assert [len(row) for row in thai] == [len(row) for row in english] == [17] * 4
    assert thai[1][11] == english[1][11] == "2026-10-03 19:00:00"


def test_a_viewer_may_not_export(shop: Shop) -> None:
    close(shop)
    response = browser_of(member(shop, "VIEWER")).get(ADDRESS)
    assert response.status_code == 403
    assert "Your role at this merchant does not allow this." in text_of(response)


def test_the_command_writes_the_same(shop: Shop) -> None:
    close(shop)
    assert exported(shop) == OCTOBER


def test_the_command_writes_a_file(shop: Shop, tmp_path: Path) -> None:
    close(shop)
    call_command("statement_csv", "rosewood", "2026-10", output=tmp_path / "october.csv")
    assert (tmp_path / "october.csv").read_text() == OCTOBER
    assert [path.name for path in tmp_path.iterdir()] == ["october.csv"]


def test_pythons_csv_reads_it_back(shop: Shop) -> None:
    close(shop)
    rows = list(csv.DictReader(io.StringIO(exported(shop))))
    assert [row["Description"] for row in rows] == ["", '\'=HYPERLINK("x","y")', "'+66 2 555"]
    assert sum(Decimal(row["Amount"]) for row in rows) == Decimal("16.50")


def test_a_late_charge_is_marked_and_keeps_its_service_day(shop: Shop) -> None:
    close(shop)
    ChargeFactory.create(
        shop=shop, at="2026-10-30 10:00", arrived="2026-11-02 11:00", fee="packaging", amount="3.00"
    )
    shop.run_jobs("2026-12-01 00:00")
    (row,) = csv.DictReader(io.StringIO(exported(shop, "2026-11")))
    assert (row["Statement month"], row["Service date"], row["Late"]) == (
        "2026-11",
        "2026-10-30",
        "yes",
    )
    assert row["Bill #"] == "T-2026-000002"


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1200"), *full(("KWD", "1.205"))])
def test_amounts_have_the_digits_of_their_currency(currency: str, amount: str) -> None:
    shop = shops.join("2026-10-01 09:00", currency=currency, billing_threshold="9000")
    shop.charge("2026-10-03 10:00", "pick-pack", amount)
    shop.run_jobs("2026-11-01 00:00")
    assert f",1,{amount},{currency}," in exported(shop)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("currency", "amount", "given_back"),
    some([("USD", "20.00", "-5.00"), ("JPY", "1200", "-500"), ("KWD", "1.205", "-0.055")], 3),
)
def test_a_credit_of_the_month_is_a_negative_number(
    currency: str, amount: str, given_back: str
) -> None:
    shop = shops.join("2026-10-01 09:00", currency=currency, billing_threshold="9000", name="=1+1")
    shop.charge("2026-10-03 10:00", "pick-pack", amount, "@x", request="-5")
    GrantedCreditFactory.create(
        shop=shop,
        at="2026-10-20 10:00",
        charge="@x",
        fee="credit-pick-pack",
        amount=Money(given_back.lstrip("-"), currency),
    )
    shop.run_jobs("2026-11-01 00:00")
    charged, credited = csv.DictReader(io.StringIO(exported(shop)))
    assert (charged["Merchant"], charged["Charge"], charged["Request"]) == ("'=1+1", "'@x", "'-5")
    assert charged["Amount"] == amount
    assert credited["Amount"] == given_back
    assert (credited["Category"], credited["Fee"]) == ("Fulfilment credit", "Pick and pack credit")
    assert (credited["Request"], credited["Description"]) == ("'-5", "'@x")
    assert credited["Service date"] == "2026-10-20"


@pytest.mark.full  # charges with a bill, above
@pytest.mark.usefixtures("nothing_kept")
def test_charges_of_a_draft_have_no_bill_yet() -> None:
    shop = shops.join("2026-10-01 09:00")
    BillingAccount.objects.update(reviews_bills=True)
    shop.charge("2026-10-03 10:00", "pick-pack", "1.00")
    shop.run_jobs("2026-11-01 00:00")
    assert shop.account.invoices.get().status == "DRAFT"
    (row,) = csv.DictReader(io.StringIO(exported(shop)))
    assert row["Bill #"] == ""


def test_the_open_month_is_no_file_yet(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)("2026-10-31 20:00")
    client = browser_of(member(shop))
    reason = "October 2026 is not closed yet. It closes at the end of 31 Oct 2026"
    for address in (ADDRESS, ADDRESS.replace("csv", "pdf")):
        response = client.get(address, follow=True)
        assert response.redirect_chain == [("/m/rosewood/billing/statements/", 302)]
        assert reason in text_of(response)
    # What was charged so far is a list, which is a file at any time.
    page = client.get("/m/rosewood/billing/statements/2026-10/").content.decode()
    assert 'href="/m/rosewood/billing/charges/all/?since=2026-10-01"' in page
    rows = client.get("/m/rosewood/billing/charges/all.csv?since=2026-10-01").getvalue().decode()
    assert [reference in rows for reference in ("c-1", "c-2", "c-3")] == [True, True, True]


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("rosewood", "2026-10"), "October 2026 is not closed yet. It closes at the end of 31 Oct"),
        (("rosewood", "2026-12"), "December 2026 is not closed yet."),
        (("rosewood", "2026-09"), "There is no statement of September 2026: nothing was charged"),
        (("rosewood", "October"), "October is not a month, such as 2027-01."),
        (("rosewood", "2026-13"), "2026-13 is not a month, such as 2027-01."),
        (("nobody", "2026-10"), "There is no merchant nobody."),
    ],
)
def test_the_command_refuses_what_is_not_there(
    shop: Shop, tmp_path: Path, arguments: tuple[str, str], refusal: str
) -> None:
    with pytest.raises(CommandError, match=refusal):
        call_command("statement_csv", *arguments, output=tmp_path / "none.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full  # as those of a bill do, in test_invoice_csv
def test_many_charges_leave_in_blocks(shop: Shop) -> None:
    charges.record_many(
        [
            charges.NewCharge(
                merchant_id=shop.merchant.pk,
                reference=f"many-{number}",
                fee="pick-pack",
                currency="USD",
                amount=Decimal("0.01"),
                quantity=Decimal(1),
                at=shop.at("2026-10-10 10:00"),
                now=shop.at("2026-10-31 13:00"),
                description="x" * 100,
            )
            for number in range(1000)
        ]
    )
    close(shop)
    blocks = list(Export.of(shop.merchant, date(2026, 10, 1)).blocks())
    assert len(blocks) == 5
    assert all(BLOCK <= len(block) < BLOCK + 1000 for block in blocks[:-1])
    assert b"".join(blocks).count(b"\n") == 1 + 3 + 1000


@pytest.mark.parametrize("wrong", [{"charge_count": 3}, {"amount": Decimal("4.51")}])
def test_a_file_that_differs_from_the_closed_totals_is_broken_off(
    shop: Shop, tmp_path: Path, wrong: dict[str, int | Decimal]
) -> None:
    close(shop)
    with pgtrigger.ignore():
        StatementTotal.objects.filter(fee="pick-pack").update(**wrong)
    response = browser_of(member(shop)).get(ADDRESS)
    with pytest.raises(Incomplete, match=r"statement-rosewood-2026-10\.csv: 3 rows of"):
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="3 rows of"):
        call_command("statement_csv", "rosewood", "2026-10", output=tmp_path / "october.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_lacks_a_charge_is_broken_off(shop: Shop, tmp_path: Path) -> None:
    close(shop)
    with pgtrigger.ignore():
        Charge.objects.filter(reference="@c-2").delete()
    response = browser_of(member(shop)).get(ADDRESS)
    complaint = "2 rows of 3 were sent, with 450 of 1650 minor units"
    with pytest.raises(Incomplete, match=complaint):
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=complaint):
        call_command("statement_csv", "rosewood", "2026-10", output=tmp_path / "october.csv")
    assert list(tmp_path.iterdir()) == []
