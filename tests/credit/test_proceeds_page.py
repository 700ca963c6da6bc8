"""What merchants see of their proceeds: where they are, how that adds up, and what moved them."""

import csv
from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from config import books
from credit.models import ProceedsEntry
from credit.operations import bill_payments
from credit.queries import proceeds
from tests import shops
from tests.amounts import usd
from tests.credit.pages import answers, read, set_clock
from tests.credit.withdrawing import fees, pay_out, refund, sell, shop_with, suspect, withdraw
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@kept()
def written() -> Shop:
    """A shop on 9 November: 300.00 matured, A-2 and A-3 are maturing, 41.00 was paid out, 101.00 is
    on its way.
    """
    fees(fixed="1.00")
    shop = shop_with("300.00", settlement_days=7)
    sell(shop, "2026-11-04 10:00", "200.00", "A-2")
    refund(shop, "2026-11-05 09:00", "A-2", "20.00")
    sell(shop, "2026-11-05 10:00", "50.00", "A-3")
    pay_out(withdraw(shop, "40.00", "2026-11-08 09:00"), "2026-11-08 15:00")
    withdraw(shop, "100.00", "2026-11-09 09:00")
    return shop


@pytest.fixture
def shop(written: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop of these tests, on 9 Nov 2026, 10:00 UTC."""
    set_clock(monkeypatch)("2026-11-09 10:00")
    return written


def exported(shop: Shop, query: str = "") -> list[dict[str, str]]:
    """The rows of the CSV file of entries, by heading."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/proceeds/entries.csv{query}")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    asked = f"-{query.partition('=')[2].lower()}" if "kind=" in query else ""
    assert response["Content-Disposition"] == (
        f'attachment; filename="proceeds-rosewood-until-2026-11-09{asked}.csv"'
    )
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_the_buckets_add_up_before_the_merchants_eyes(shop: Shop) -> None:
    page = read(shop, "proceeds/")
    assert (
        "Available 158.00 USD Maturing 230.00 USD Balance 388.00 USD "
        "On its way, with fees 101.00 USD Paid out, with fees 41.00 USD "
        "Earned sales, less refunds and bills paid from proceeds 530.00 USD" in page
    )


def test_what_matures_is_told_by_day(shop: Shop) -> None:
    page = read(shop, "proceeds/")
    assert "230.00 USD to come 11 Nov 2026 180.00 USD 12 Nov 2026 50.00 USD" in page
    assert "What a buyer pays is available 7 days later." in page


def test_a_day_opens_to_its_sales_less_refunds(shop: Shop) -> None:
    page = read(shop, "proceeds/days/2026-11-11/")
    assert "180.00 USD maturing" in page
    assert "Refund 5 Nov 2026 09:00 A-2 −20.00 USD Sale 4 Nov 2026 10:00 A-2 200.00 USD" in page
    large = read(shop, "proceeds/days/2026-11-11/?least=100")
    assert "1 result Total 200.00 USD" in large
    assert "Refund 5 Nov" not in large
    assert "Nothing matches." in read(shop, "proceeds/days/2026-11-11/?least=999")
    assert "300.00 USD matured" in read(shop, "proceeds/days/2026-11-08/")
    assert "No sale matures on this day" in read(shop, "proceeds/days/2026-11-10/")


@pytest.mark.parametrize("day", ["2026-02-30", "0000-01-01", "today"])
def test_what_is_no_day_is_not_found(shop: Shop, day: str) -> None:
    assert browser_of(member(shop)).get(f"/m/rosewood/credit/proceeds/days/{day}/").status_code == (
        404
    )


def test_proceeds_are_the_merchants_and_the_limit_is_not(shop: Shop) -> None:
    assert "It is yours; the credit limit is not, and can't be withdrawn." in read(
        shop, "proceeds/"
    )


def test_withdrawals_on_their_way_are_shown_with_the_time_they_are_expected(shop: Shop) -> None:
    reference = shop.line.withdrawals.get(amount=100).reference
    assert (
        f"{reference} 9 Nov 2026 09:00 Bank card ···· 0003 Requested 10 Nov 2026 09:00"
        " 1.00 USD 100.00 USD" in read(shop, "proceeds/")
    )


@pytest.mark.usefixtures("nothing_kept")
def test_a_shortfall_after_refunds_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_with("1.00")
    order = sell(shop, "2026-11-02 10:00", "299.00")
    pay_out(withdraw(shop, "300.00"))
    refund(shop, "2026-11-04 10:00", order, "120.00")
    set_clock(monkeypatch)("2026-11-05 10:00")
    page = read(shop, "proceeds/")
    assert "later sales cover 120.00 USD before anything is available again" in page
    assert (
        "Available 0.00 USD Less what later sales have to cover −120.00 USD Maturing 0.00 USD "
        "Balance −120.00 USD" in page
    )
    assert "What a buyer pays is available on the same day." in page


def test_suspected_fraud_is_said_to_stop_withdrawals(shop: Shop) -> None:
    assert "Withdrawals are stopped" not in read(shop, "proceeds/")
    suspect(shop, "2026-11-09 09:30")
    assert "Withdrawals are stopped Since 9 Nov 2026 09:30" in read(shop, "proceeds/")


def test_the_section_is_in_the_navigation(shop: Shop) -> None:
    assert "Proceeds Proceeds Withdrawals Destinations Billing" in read(shop, "proceeds/")


@pytest.mark.usefixtures("nothing_kept")
def test_a_new_shop_reads_where_proceeds_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shops.join("2026-11-01 10:00")
    set_clock(monkeypatch)("2026-11-01 11:00")
    assert "They come as your buyers pay for their orders." in read(shop, "proceeds/")


def kinds(shop: Shop, query: str) -> list[str]:
    """Kind and amount of the entries that the list shows."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/proceeds/entries/{query}")
    return [f"{entry.kind} {entry.amount.amount}" for entry in response.context["page"].rows]


def test_entries_are_listed_newest_first(shop: Shop) -> None:
    assert kinds(shop, "") == [
        "FEE -1.00",
        "WITHDRAWAL -100.00",
        "FEE -1.00",
        "WITHDRAWAL -40.00",
        "SALE 50.00",
        "REFUND -20.00",
        "SALE 200.00",
        "SALE 300.00",
    ]


def balances(shop: Shop, query: str = "") -> list[str]:
    """The balance after each entry, the same on the page and in the file."""
    page = read(shop, f"proceeds/entries/{query}")
    rows = browser_of(member(shop)).get(f"/m/rosewood/credit/proceeds/entries/{query}")
    shown = [f"{entry.balance_after.amount}" for entry in rows.context["entries"]]
    assert all(f"{balance} USD" in page for balance in shown)
    assert [row["Balance after"] for row in exported(shop, query)] == shown
    return shown


def test_each_entry_says_the_balance_right_after_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest_first = ["388.00", "389.00", "489.00", "490.00", "530.00", "480.00", "500.00", "300.00"]
    assert balances(shop) == latest_first
    assert balances(shop, "?by=id") == latest_first[::-1]
    # What lies between the entries that are found counts, too, and other merchants' does not.
    assert balances(shop, "?kind=FEE") == ["388.00", "489.00"]
    assert balances(shop, "?kind=REFUND") == ["480.00"]
    sell(shop_with("7.00", "other-shop", name="Other Shop"), "2026-11-06 10:00", "9.00", "O-1")
    sell(shop, "2026-11-09 09:50", "1.50", "A-4")
    assert balances(shop)[:2] == ["389.50", "388.00"]
    assert balances(shop, "?kind=RETURNED") == []
    # Of very many entries no more are added up: then only the file has it.
    monkeypatch.setattr(proceeds, "MOST_BETWEEN", 2)
    few = browser_of(member(shop)).get("/m/rosewood/credit/proceeds/entries/")
    shown = [one.balance_after and str(one.balance_after.amount) for one in few.context["entries"]]
    assert shown == ["389.50", "388.00", "389.00", *[None] * 6]
    assert "Sale 9 Nov 2026 09:50 A-4 16 Nov 2026 1.50 USD 389.50 USD" in read(shop, "proceeds/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=FEE", ["FEE -1.00", "FEE -1.00"]),
        ("?kind=REFUND", ["REFUND -20.00"]),
        ("?kind=SALE", ["SALE 50.00", "SALE 200.00", "SALE 300.00"]),
        ("?kind=RETURNED", []),
    ],
)
def test_they_are_filtered_by_kind(shop: Shop, query: str, found: list[str]) -> None:
    assert kinds(shop, query) == found


def test_a_filter_that_makes_no_sense_finds_nothing(shop: Shop) -> None:
    assert kinds(shop, "?kind=NONSENSE") == []


def test_an_empty_list_says_what_to_do_next(shop: Shop) -> None:
    assert "Nothing matches. Ask for something else" in read(
        shop, "proceeds/entries/?kind=RETURNED"
    )


def test_entries_open_to_order_withdrawal_bill_and_day(shop: Shop) -> None:
    bill_payments.take(
        merchant_id=shop.line.pk,
        amount=usd("15.50"),
        payment="T-2026-000007-2",
        now=shop.at("2026-11-09 09:30"),
    )
    client = browser_of(member(shop))
    page = client.get("/m/rosewood/credit/proceeds/entries/").content.decode("utf-8-sig")
    reference = shop.line.withdrawals.get(amount=100).reference
    for address in (
        "billing/invoices/2026-000007/",
        f"credit/withdrawals/{reference}/",
        "credit/orders/A-2/",
        "credit/proceeds/days/2026-11-11/",
    ):
        assert f'href="/m/rosewood/{address}"' in page
    found = read(shop, "proceeds/entries/?reference=2026-000007")
    assert "1 result" in found
    assert "Bill payment 9 Nov 2026 09:30 T-2026-000007 – −15.50 USD 372.50 USD" in found


def test_a_bill_of_an_issuers_series_or_of_another_cell_is_opened_by_its_whole_number(
    shop: Shop,
) -> None:
    for payment in ("T-DE-2026-000001-1", "T7-2026-000002-1", "T7-DE-2026-000003-12"):
        bill_payments.take(
            merchant_id=shop.line.pk,
            amount=usd("1.50"),
            payment=payment,
            now=shop.at("2026-11-09 09:30"),
        )
    page = browser_of(member(shop)).get("/m/rosewood/credit/proceeds/entries/").content.decode()
    for number, shown in (
        ("DE-2026-000001", "T-DE-2026-000001"),
        ("7-2026-000002", "T7-2026-000002"),
        ("7-DE-2026-000003", "T7-DE-2026-000003"),
    ):
        assert f'href="/m/rosewood/billing/invoices/{number}/">{shown}</a>' in page
    listed = books.of_merchant("rosewood")["credit"]["proceeds"]["entries"]
    assert [
        (entry["invoice"], entry["attempt"]) for entry in listed if entry["kind"] == "BILL_PAYMENT"
    ] == [("DE-2026-000001", 1), ("7-2026-000002", 1), ("7-DE-2026-000003", 12)]


@pytest.mark.full  # pages/test_every_filter keeps it, too
def test_further_pages_keep_the_filter(shop: Shop) -> None:
    for number in range(51):
        sell(shop, "2026-11-06 10:00", "1.00", f"C-{number:02}")
    client = browser_of(member(shop))
    first = client.get("/m/rosewood/credit/proceeds/entries/?kind=SALE")
    assert len(first.context["page"].rows) == 50
    mark = first.context["page"].after
    assert f'href="?kind=SALE&amp;after={mark}"' in first.content.decode("utf-8-sig")
    second = client.get(f"/m/rosewood/credit/proceeds/entries/?kind=SALE&after={mark}")
    assert [str(row.amount.amount) for row in second.context["page"].rows] == [
        "1.00",
        "50.00",
        "200.00",
        "300.00",
    ]


def test_the_csv_has_the_same_entries_in_figures(shop: Shop) -> None:
    rows = exported(shop)
    assert len(rows) == 8
    assert rows[5] == {
        "Time": "2026-11-05 09:00:00",
        "Time (UTC)": "2026-11-05T09:00:00Z",
        "Kind": "Refund",
        "Order": "A-2",
        "Maturing day": "2026-11-11",
        "Withdrawal": "",
        "Bill payment": "",
        "Amount": "-20.00",
        "Balance after": "480.00",
        "Currency": "USD",
        "Reason": "",
        "Kind (code)": "REFUND",
    }
    reference = shop.line.withdrawals.get(amount=100).reference
    assert (rows[1]["Withdrawal"], rows[1]["Amount"]) == (reference, "-100.00")
    assert [row["Kind"] for row in exported(shop, "?kind=FEE")] == ["Withdrawal fee"] * 2


def test_the_csv_hands_no_formula_to_a_spreadsheet(shop: Shop) -> None:
    sell(shop, "2026-11-06 10:00", "5.00", "=HYPERLINK(1)")
    assert exported(shop)[0]["Order"] == "'=HYPERLINK(1)"


@pytest.mark.full  # each page is asked in test_authorisation.py
@pytest.mark.parametrize(
    "path", some(["proceeds/", "proceeds/entries/", "proceeds/days/2026-11-11/"], 3)
)
def test_everybody_of_the_merchant_sees_them_and_nobody_else(shop: Shop, path: str) -> None:
    assert answers(shop, path) == {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}


@pytest.mark.full  # each file is asked for there, too
def test_owners_and_finance_export(shop: Shop) -> None:
    assert answers(shop, "proceeds/entries.csv") == {
        **{"OWNER": 200, "FINANCE": 200, "VIEWER": 403},
        **NOBODY_ELSE,
    }


def test_a_viewer_is_offered_nothing_that_is_not_for_him(shop: Shop) -> None:
    assert " Withdraw " not in read(shop, "proceeds/", "VIEWER")
    assert "Export as CSV" not in read(shop, "proceeds/entries/", "VIEWER")


def test_another_merchants_entries_are_not_among_them(shop: Shop) -> None:
    other = shop_with("7.00", "other-shop", name="Other Shop")
    page = text_of(browser_of(member(other)).get("/m/other-shop/credit/proceeds/entries/"))
    assert "7.00 USD" in page
    assert "300.00" not in page


@pytest.mark.full  # pages/test_page_queries has some pages
def test_pages_take_few_queries_however_much_there_is(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        sell(shop, "2026-11-06 10:00", "1.00", f"C-{number:02}")
    for _ in range(6):
        withdraw(shop, "1.00", "2026-11-09 09:00")
    assert ProceedsEntry.objects.filter(matures_on=date(2026, 11, 13)).count() == 20
    client = browser_of(member(shop))
    for path in ("proceeds/", "proceeds/entries/", "proceeds/days/2026-11-13/"):
        with django_assert_max_num_queries(12):
            client.get(f"/m/rosewood/credit/{path}")
