"""What systems read of the books: lists by cursor, one row, figures and documents."""

from collections.abc import Callable
from typing import Any

import pytest

from config import urls  # the converters of addresses are registered there
from credit.models import Freeze, Withdrawal
from credit.operations import freezes
from gateway.api import listings, lists
from tests import shops
from tests.billing import by_hand
from tests.billing.paying import FIRST, manual
from tests.credit.pages import set_clock
from tests.credit.withdrawing import shop_with, withdraw
from tests.gateway.asking import Caller, pointers, problem, said
from tests.routes import full_shop
from tests.shops import Shop

pytestmark = pytest.mark.django_db
assert urls.urlpatterns
Clock = Callable[[str], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the API's clock, which stands at 1 Dec 2026, 10:00 UTC."""
    set_to = set_clock(monkeypatch)
    set_to("2026-12-01 10:00")
    return set_to


def rows(caller: Caller, path: str) -> list[dict[str, Any]]:
    """The rows that the API lists of rosewood."""
    found: list[dict[str, Any]] = said(caller.get(f"/merchants/rosewood/{path}"))["rows"]
    return found


def test_lists_go_by_cursor_newest_first(clock: Clock) -> None:
    shop = shops.join("2026-11-01 10:00")
    for number in range(5):
        shop.place(f"2026-11-02 10:0{number}", f"A-{number}", "10.00")
    caller, seen, cursor = Caller("read"), [], ""
    while True:
        page = said(caller.get(f"/merchants/rosewood/orders?limit=2{cursor}"))
        seen.append([row["reference"] for row in page["rows"]])
        if page["next"] is None:
            break
        if len(seen) == 1:
            shop.place("2026-11-02 11:00", "A-5", "10.00")  # shifts nothing
        cursor = f"&cursor={page['next']}"
    assert seen == [["A-4", "A-3"], ["A-2", "A-1"], ["A-0"]]
    assert len(rows(caller, "orders")) == 6


def test_only_what_changed_since_an_instant(clock: Clock) -> None:
    shop = shops.join("2026-11-01 10:00")
    for order in "ABCDEF":
        shop.place("2026-11-02 10:00", order, "10.00")
    shop.ship("2026-11-03 10:00", "A")
    shop.pay("2026-11-03 10:00", "B", "10.00", "P")
    shop.cancel("2026-11-03 10:00", "C")
    shop.deliver("2026-11-03 10:00", "D")
    shop.refund("2026-11-03 10:00", "E", "1.00")
    caller = Caller("read")

    def since(at: str, path: str = "orders", name: str = "reference") -> list[Any]:
        return [row[name] for row in rows(caller, f"{path}?changed_since={at}")]

    assert since("2026-11-03T10:00:00Z") == ["E", "D", "C", "B", "A"]
    assert since("2026-11-03T17:00:00%2B07:00") == ["E", "D", "C", "B", "A"]
    assert since("2026-11-03T10:00:01Z") == []
    entries = since("2026-11-03T10:00:00Z", "credit-line/entries", "kind")
    assert sorted(entries) == ["PAYMENT", "REFUND", "RELEASE"]
    assert since("2026-11-03T10:00:00Z", "proceeds/entries", "payment") == ["P"]


def test_a_withdrawal_without_an_answer_is_among_what_changed_whenever_it_became_so(
    clock: Clock,
) -> None:
    shop = shop_with("300.00")
    silent, sent = withdraw(shop, "100.00"), withdraw(shop, "50.00")
    both = Withdrawal.objects.filter(pk__in=[silent.pk, sent.pk])
    both.update(status="SENT", sent_at=shop.at("2026-11-03 11:00"))
    path = "withdrawals?changed_since=2026-11-04T00:00:00Z"
    assert rows(Caller("read"), path) == []
    Withdrawal.objects.filter(pk=silent.pk).update(status="UNKNOWN")
    assert [(row["reference"], row["status"]) for row in rows(Caller("read"), path)] == [
        (silent.reference, "UNKNOWN")
    ]


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ("limit=0", (422, "invalid")),
        ("limit=101", (422, "invalid")),
        ("limit=many", (422, "invalid")),
        ("cursor=none", (400, "bad_request")),
        ("cursor=LTE", (400, "bad_request")),  # -1
        ("changed_since=yesterday", (422, "invalid")),
        ("status=GONE", (422, "invalid")),
        ("limit=1&limit=2", (400, "bad_request")),
        ("change_since=2026-11-26T10:00:00Z", (422, "invalid")),  # misspelt
        ("=0.0", (422, "invalid")),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    clock: Clock, asked: str, refused: tuple[int, str]
) -> None:
    shops.join("2026-11-01 10:00")
    answer = Caller("read").get(f"/merchants/rosewood/orders?{asked}")
    assert (problem(answer), pointers(answer)) == (refused, [])  # no member of a body is at fault


@pytest.fixture
def full(clock: Clock) -> Shop:
    """A shop with rows of all kinds."""
    return full_shop()


def test_every_list_tells_what_it_describes(full: Shop) -> None:
    freezes.place(
        merchant_id=full.merchant.pk,
        reason=Freeze.Reason.SUSPECTED_FRAUD,
        actor="credit@tael.example",
        note="for colleagues",
        now=shops.instant("2026-12-01 10:00"),
    )
    caller = Caller("read")
    listed = {
        "orders": listings.ORDERS,
        "credit-line/entries": listings.LIMIT_ENTRIES,
        "credit-line/freezes": listings.FREEZES,
        "credit-line/reviews": listings.REVIEWS,
        "proceeds/entries": listings.PROCEEDS,
        "withdrawals": listings.WITHDRAWALS,
        "charges": listings.CHARGES,
        "invoices": listings.INVOICES,
    }
    assert {one.name for one in listed.values()} == {
        one.name for one in vars(listings).values() if isinstance(one, lists.Listing)
    }
    for path, listing in listed.items():
        found = rows(caller, path)
        assert found, path
        for row in found:
            assert row == listing.answer.model_validate(row).model_dump(), path


def test_the_figures_are_those_of_the_books(full: Shop) -> None:
    caller = Caller("read")
    line = said(caller.get("/merchants/rosewood/credit-line"))
    assert (line["limit"], line["used"], line["available"]) == full.limit()
    order = said(caller.get("/merchants/rosewood/orders/A-1"))
    assert (order["status"], order["outstanding"]) == full.order("A-1")
    assert said(caller.get("/merchants/rosewood/proceeds"))["balance"] == full.proceeds()
    statement = said(caller.get("/merchants/rosewood/statements/2026-11"))
    by_category = {
        total["category"]: (total["charges"], total["amount"])
        for total in statement["totals"]
        if total["fee"] is None
    }
    assert (statement["closed_at"] is not None, by_category) == full.statement("2026-11")
    listed = said(caller.get("/merchants/rosewood/statements"))["rows"]
    assert statement in listed
    invoice = said(caller.get(f"/merchants/rosewood/invoices/{_number(full)}"))
    summed = sum(float(line["amount"]) for line in invoice["lines"])
    assert f"{summed:.2f}" == invoice["invoice"]["total"]
    fees = {price["fee"] for price in said(caller.get("/merchants/rosewood/prices"))["rows"]}
    assert {"pick-pack", "storage", "shipping-label"} <= fees


def test_months_are_listed_a_page_at_a_time_and_by_what_changed_since(clock: Clock) -> None:
    shop = shops.join("2026-10-01 10:00", plan_price="0")
    for at in ("2026-10-15 10:00", "2026-11-05 10:00", "2026-11-20 10:00"):
        shop.charge(at, "pick-pack", "1.00")
    caller = Caller("read")

    def months(asked: str) -> tuple[list[str], str | None]:
        page = said(caller.get(f"/merchants/rosewood/statements?{asked}"))
        return [row["month"] for row in page["rows"]], page["next"]

    assert months("") == (["2026-11", "2026-10"], None)
    newest, cursor = months("limit=1")
    assert newest == ["2026-11"]
    assert months(f"limit=1&cursor={cursor}") == (["2026-10"], None)
    # October closed at its end, and November has had a charge on the 20th.
    assert months("changed_since=2026-10-20T00:00:00Z")[0] == ["2026-11", "2026-10"]
    assert months("changed_since=2026-11-19T00:00:00Z")[0] == ["2026-11"]
    assert months("changed_since=2026-11-21T00:00:00Z")[0] == []
    bad = caller.get("/merchants/rosewood/statements?cursor=none")
    assert problem(bad) == (400, "bad_request")


def _number(shop: Shop) -> str:
    """The number of the shop's first bill."""
    return str(shop.account.invoices.earliest("pk").number)


def test_no_name_of_our_people_and_no_reason_for_colleagues_is_told(full: Shop) -> None:
    caller = Caller("read")
    for path in ("credit-line/entries", "credit-line/freezes", "credit-line/reviews"):
        for row in rows(caller, path):
            assert not {"actor", "placed_by", "lifted_by", "decided_by", "note"} & row.keys()
            assert "@" not in str(row)


@pytest.mark.full  # documents in test_pdf_pages.py
def test_a_closed_month_and_a_bill_come_as_documents(full: Shop) -> None:
    caller, number = Caller("read"), _number(full)
    of_month = caller.get("/merchants/rosewood/statements/2026-11.csv")
    assert of_month["Content-Type"] == "text/csv; charset=utf-8"
    lines = b"".join(of_month.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    _is_closed, by_category = full.statement("2026-11") or (False, {})
    charges = sum(count for count, _amount in by_category.values())
    assert len(lines) == 1 + charges
    invoice = caller.get(f"/merchants/rosewood/invoices/{number}.csv")
    assert number in b"".join(invoice.streaming_content).decode()  # type: ignore[attr-defined]
    for path in ("statements/2026-11.pdf", f"invoices/{number}.pdf"):
        document = caller.get(f"/merchants/rosewood/{path}")
        assert (document["Content-Type"], document.content[:5]) == ("application/pdf", b"%PDF-")
    open_month = caller.get("/merchants/rosewood/statements/2026-12.csv")
    assert problem(open_month) == (404, "not_closed")
    for path in ("statements/2020-01", "invoices/2020-000001", "charges/none", "orders/none"):
        assert problem(caller.get(f"/merchants/rosewood/{path}"))[0] == 404


def test_an_invoice_tells_of_its_payment_plan(clock: Clock) -> None:
    shop = manual()
    clock("2026-11-03 10:00")
    by_hand.plan(shop)
    by_hand.waive(shop, "2026-11-02 12:00", "15.00")
    told = said(Caller("read").get(f"/merchants/{shop.reference}/invoices/{FIRST}"))["payment_plan"]
    assert (told["status"], told["made_at"], told["ended_at"]) == (
        "IN_FORCE",
        "2026-11-01T12:00:00Z",
        None,
    )
    assert told["parts"] == [
        {"due_on": "2026-11-10", "amount": "13.00", "paid": "13.00"},
        {"due_on": "2026-11-20", "amount": "13.00", "paid": "2.00"},
        {"due_on": "2026-11-30", "amount": "13.00", "paid": "0.00"},
    ]
    assert by_hand.WHY not in str(said(Caller("read").get(f"/merchants/{shop.reference}/invoices")))
