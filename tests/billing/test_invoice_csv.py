"""A bill as CSV, through the page and the command."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from billing.documents.csv_export import Incomplete
from billing.documents.invoice_csv import Export
from billing.models import Charge, Invoice, InvoiceLine
from billing.operations import charges, invoice_decisions, prices
from lib.csv_files import BLOCK
from tests import shops
from tests.factories import GrantedCreditFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import full, some

pytestmark = pytest.mark.django_db

ADDRESS = "/m/rosewood/billing/invoices/2026-000002.csv"
INVOICE = """\
Bill #,Store Name,Charge category,Description,Amount,Currency,Start of billing cycle,\
End of billing cycle,Date,Order,Rate,App,Start of plan,End of plan,Service time,Service time (UTC)
T-2026-000002,"Rosewood, Dresses",Fulfilment,Pick and pack,3.13,USD,2026-11-01,2026-11-12,\
2026-11-03,FR-7,1.25,,,,\
2026-11-03 10:00:00,2026-11-03T10:00:00Z
T-2026-000002,"Rosewood, Dresses",Fulfilment,"Packaging: Box, large",0.20,USD,2026-11-01,\
2026-11-12,2026-11-04,'-5,,,,,\
2026-11-04 10:00:00,2026-11-04T10:00:00Z
T-2026-000002,"Rosewood, Dresses",Shipping,Shipping label,210.00,USD,2026-11-01,2026-11-12,\
2026-11-12,'@x,,,,,\
2026-11-12 15:00:00,2026-11-12T15:00:00Z
T-2026-000002,"Rosewood, Dresses",Shipping,Shipping label: two parcels,14.00,USD,2026-11-01,\
2026-11-12,2026-11-12,,,,,,\
2026-11-12 16:00:00,2026-11-12T16:00:00Z
T-2026-000002,"Rosewood, Dresses",Fulfilment credit,Pick and pack credit: c-1,-1.13,USD,2026-11-01,\
2026-11-12,2026-11-06,FR-7,,,,,\
2026-11-06 10:00:00,2026-11-06T10:00:00Z
T-2026-000002,"Rosewood, Dresses",Apps,App usage: =1+1,15.00,USD,2026-11-01,2026-11-12,\
2026-11-10,FR-1,,'=1+1,,,\
2026-11-10 10:00:00,2026-11-10T10:00:00Z
"""


@kept()
def shop() -> Shop:
    """A shop with a plan of 39.00 billed on joining, and a threshold bill of 241.20
    on 12 November.
    """
    shop = shops.join("2026-11-01 09:00", name="Rosewood, Dresses", plan_price="39.00")
    prices.introduce(
        fee="pick-pack",
        currency="USD",
        unit_price=Decimal("1.250000"),
        from_on=date(2026, 11, 1),
        actor="pricing@tael.example",
        reason="first price",
        now=shop.at("2026-11-01 09:00"),
    )
    priced = {"charge": "c-1", "fee": "pick-pack", "quantity": "2.5", "currency": "USD"}
    assert shop.send("charge.recorded", "2026-11-03 10:00", **priced, request="FR-7") == "applied"
    shop.charge("2026-11-04 10:00", "packaging", "0.20", request="-5", description="Box, large")
    GrantedCreditFactory.create(
        shop=shop,
        at="2026-11-06 10:00",
        charge="c-1",
        fee="credit-pick-pack",
        amount="1.13",
        actor="billing@tael.example",
    )
    shop.charge("2026-11-10 10:00", "app-usage", "15.00", description="=1+1")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00", request="@x")
    text = {"description": "two parcels", "request": ""}
    shop.charge("2026-11-12 16:00", "shipping-label", "14.00", **text)
    shop.run_jobs("2026-11-13 00:00")
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00", "2026-11-12 THRESHOLD 241.20"]
    return shop


def exported(number: str = "2026-000002") -> str:
    """What `manage.py invoice_csv` writes of the bill."""
    out = io.StringIO()
    call_command("invoice_csv", number, stdout=out)
    return out.getvalue()


def invoice(number: str = "2026-000002") -> Invoice:
    return Invoice.objects.get(number=number)


def void(shop: Shop) -> None:
    invoice_decisions.void(
        invoice_id=invoice().pk,
        actor="billing@tael.example",
        reason="wrong address",
        now=shop.at("2026-11-14 10:00"),
    )


@pytest.mark.parametrize("role", ["OWNER", "FINANCE"])
def test_the_page_sends_one_row_per_charge(shop: Shop, role: str) -> None:
    response = browser_of(member(shop, role)).get(ADDRESS)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    named = 'attachment; filename="bill-rosewood-T-2026-000002.csv"'
    assert response["Content-Disposition"] == named
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert content.decode("utf-8-sig") == INVOICE
    assert content.startswith(b"\xef\xbb\xbf")


def test_a_viewer_may_not_export(shop: Shop) -> None:
    response = browser_of(member(shop, "VIEWER")).get(ADDRESS)
    assert response.status_code == 403
    assert "Your role at this merchant does not allow this." in text_of(response)


def test_a_stranger_finds_nothing_and_who_is_not_signed_in_is_sent_to_do_so(shop: Shop) -> None:
    stranger = member(shops.join("2026-11-01 09:00", "other-shop"))
    assert browser_of(stranger).get(ADDRESS).status_code == 404
    own_address = "/m/other-shop/billing/invoices/2026-000002.csv"
    assert browser_of(stranger).get(own_address).status_code == 404
    assert Client().get(ADDRESS)["Location"] == f"/accounts/login/?next={ADDRESS}"


def test_headings_and_fees_are_in_the_readers_language_or_in_english_on_request(shop: Shop) -> None:
    client = browser_of(member(shop))
    client.cookies["django_language"] = "th"
    english = client.get(f"{ADDRESS}?english=1", headers={"accept-language": "th"})
    content = b"".join(english.streaming_content)  # type: ignore[attr-defined]
    assert content.decode("utf-8-sig") == INVOICE
    thai = client.get(ADDRESS, headers={"accept-language": "th"})
    rows = list(csv.reader(io.StringIO(b"".join(thai.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert (rows[0][4], len(set(rows[0]))) == ("จำนวนเงิน", 16)
    assert (rows[1][3], rows[1][4]) == ("ค่าหยิบและแพ็กสินค้า", "3.13")


def test_the_command_writes_the_same(shop: Shop, tmp_path: Path) -> None:
    assert exported() == INVOICE
    call_command("invoice_csv", "2026-000002", output=tmp_path / "invoice.csv")
    assert (tmp_path / "invoice.csv").read_text() == INVOICE
    with pytest.raises(CommandError, match=r"There is no bill 2026-000009\."):
        call_command("invoice_csv", "2026-000009")


def test_pythons_csv_reads_back_every_amount(shop: Shop) -> None:
    rows = list(csv.DictReader(io.StringIO(exported())))
    amounts = [Decimal(row["Amount"]) for row in rows]
    assert [str(amount) for amount in amounts] == [
        "3.13", "0.20", "210.00", "14.00", "-1.13", "15.00",
    ]  # fmt: skip
    assert sum(amounts) == Decimal("241.20")
    assert [row["Order"] for row in rows] == ["FR-7", "'-5", "'@x", "", "FR-7", "FR-1"]


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("name", some(["=1+1", "@x", "-5", "+66", "＝1"], 5))
def test_a_store_whose_name_is_a_formula_is_none_in_a_spreadsheet(name: str) -> None:
    shops.join("2026-11-01 09:00", name=name, plan_price="39.00").run_jobs("2026-11-01 10:00")
    (row,) = csv.DictReader(io.StringIO(exported("2026-000001")))
    assert (row["Store Name"], row["Amount"], row["Order"]) == (f"'{name}", "39.00", "")


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    ("currency", "amount", "price", "rate"),
    [("JPY", "1200", "400.5", "400.5"), *full(("KWD", "1.205", "0.4", "0.400"))],
)
def test_amounts_have_the_digits_of_their_currency(
    currency: str, amount: str, price: str, rate: str
) -> None:
    shop = shops.join("2026-11-01 09:00", currency=currency, billing_threshold=amount)
    prices.introduce(
        fee="pick-pack",
        currency=currency,
        unit_price=Decimal(price),
        from_on=date(2026, 11, 1),
        actor="pricing@tael.example",
        reason="first price",
        now=shop.at("2026-11-01 09:00"),
    )
    content = {"charge": "c-1", "fee": "pick-pack", "quantity": 0, "currency": currency}
    assert shop.send("charge.recorded", "2026-11-02 09:00", **content) == "applied"
    shop.charge("2026-11-02 10:00", "packaging", amount)
    rows = list(csv.DictReader(io.StringIO(exported("2026-000001"))))
    zero = {"JPY": "0", "KWD": "0.000"}[currency]
    assert [(row["Amount"], row["Rate"]) for row in rows] == [(amount, ""), (zero, rate)]


def test_text_of_several_lines_stays_in_its_field(shop: Shop) -> None:
    text = 'one, "two",\n1.00,USD\n=3'
    charges.record(
        charges.NewCharge(
            merchant_id=shop.merchant.pk,
            reference="c-9",
            fee="packaging",
            currency="USD",
            amount=Decimal("500.00"),
            quantity=Decimal(1),
            at=shop.at("2026-11-14 10:00"),
            now=shop.at("2026-11-14 10:00"),
            request="a,b",
            description=text,
        )
    )
    (row,) = csv.DictReader(io.StringIO(exported("2026-000003"), newline=""))
    assert (row["Description"], row["Amount"]) == (f"Packaging: {text}", "500.00")
    assert row["Order"] == "a,b"


def test_a_void_bill_keeps_its_file_though_another_has_its_charges(shop: Shop) -> None:
    void(shop)
    assert exported() == INVOICE
    shop.charge("2026-11-15 10:00", "packaging", "1.00")
    assert shop.invoices()[2] == "2026-11-15 THRESHOLD 242.20"
    assert exported() == INVOICE
    again = list(csv.DictReader(io.StringIO(exported("2026-000003"))))
    assert sum(Decimal(row["Amount"]) for row in again) == Decimal("242.20")
    assert len(again) == 7


@pytest.mark.parametrize(
    ("gone", "complaint"),
    [
        ("210.00", r"rosewood-T-2026-000002\.csv, Shipping label 2026-11-12: 1 rows of 2 were"),
        ("-1.13", "Pick and pack credit 2026-11-06: 0 rows of 1 were sent, with 0 of -113 minor"),
    ],
)
def test_a_file_that_lacks_a_charge_is_broken_off(
    shop: Shop, tmp_path: Path, gone: str, complaint: str
) -> None:
    with pgtrigger.ignore():
        found = Charge.objects.filter(amount=gone)
        for credit in shop.account.credits.filter(made__in=found):
            type(credit).objects.filter(pk=credit.pk).delete()
        found.delete()
    response = browser_of(member(shop)).get(ADDRESS)
    with pytest.raises(Incomplete, match=complaint):
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=complaint):
        call_command("invoice_csv", "2026-000002", output=tmp_path / "invoice.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_amounts_differ_is_broken_off(shop: Shop) -> None:
    with pgtrigger.ignore():
        Charge.objects.filter(amount="14.00").update(amount="14.01")
    with pytest.raises(Incomplete, match="2 rows of 2 were sent, with 22401 of 22400 minor units"):
        list(Export(invoice()).blocks())


def test_a_bill_without_one_of_its_lines_is_not_exported(shop: Shop) -> None:
    with pgtrigger.ignore():
        InvoiceLine.objects.filter(fee_code="app-usage").delete()
    with pytest.raises(Incomplete, match=r"its lines make 226\.20+ of 241\.20+"):
        list(Export(invoice()).blocks())


@pytest.mark.full  # a few leave above
def test_many_charges_leave_in_blocks(shop: Shop) -> None:
    charges.record_many(
        [
            charges.NewCharge(
                merchant_id=shop.merchant.pk,
                reference=f"many-{number}",
                fee="pick-pack",
                currency="USD",
                amount=Decimal("0.25"),
                quantity=Decimal(1),
                at=shop.at("2026-11-14 10:00"),
                now=shop.at("2026-11-14 11:00"),
                description="x" * 100,
            )
            for number in range(1000)
        ]
    )
    assert shop.invoices()[2] == "2026-11-14 THRESHOLD 200.00"
    blocks = list(Export(invoice("2026-000003")).blocks())
    assert len(blocks) == 4
    assert all(BLOCK <= len(block) < BLOCK + 1000 for block in blocks[:-1])
    assert b"".join(blocks).count(b"\n") == 1 + 800
