"""Operators see the lists of the cell that they chose, and each row in its own."""

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from billing.models import BillingAccount, FeePrice
from billing.operations import closing
from credit.models import CreditLine, Order
from lib import cells
from merchants.models import Merchant, SignIn, User
from merchants.operations import erasures, sign_ins
from notices.models import Notice
from tests import shops
from tests.cells.conftest import away
from tests.credit.pages import set_clock
from tests.factories import MembershipFactory, browser_of, operator
from tests.factories.people import UserFactory
from tests.merchants import erasing
from tests.routes import routes
from tests.text import text_of
from tests.undrawn import undrawn
from tests.whole import full
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(two_cells: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Order, Order]:
    """An order of a shop in the first cell, and one of a shop in the second."""
    set_clock(monkeypatch)("2026-11-02 12:00")
    found = []
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            shop = shops.join("2026-11-01 09:00", name, name=name.title())
            assert shop.place("2026-11-02 10:00", f"{name}-1", "12.50") == "applied"
            found.append(Order.objects.select_related("line__merchant").get())
    return found[0], found[1]


def boss() -> User:
    """An administrator."""
    return UserFactory.create(is_staff=True, is_superuser=True, email="boss@tael.example")


@pytest.mark.full  # lists are made there, below
def test_lists_are_of_the_chosen_cell_and_a_rows_page_of_its_own(two: tuple[Order, Order]) -> None:
    browser = browser_of(boss())
    orders = reverse("admin:credit_order_changelist")
    assert "meadow-1" in text_of(browser.get(orders))
    for number, shown, hidden in ((2, "orchard-1", "meadow-1"), (1, "meadow-1", "orchard-1")):
        chosen = browser.get(f"{orders}?cell={number}")
        assert (chosen.status_code, chosen.headers["Location"]) == (302, orders)
        page = text_of(browser.get(orders))
        assert shown in page
        assert hidden not in page
    assert browser.get(f"{orders}?cell=7").headers["Location"] == orders  # there is none
    for order in two:  # the first cell is chosen
        merchant = order.line.merchant
        for address, said in (
            (reverse("admin:credit_order_change", args=[order.pk]), order.reference),
            (reverse("backoffice:merchant", args=[merchant.reference]), merchant.name),
            (reverse("admin:billing_billingaccount_change", args=[merchant.pk]), merchant.name),
            (reverse("admin:merchants_merchant_change", args=[merchant.pk]), merchant.name),
        ):
            answer = browser.get(address)
            assert (address, answer.status_code) == (address, 200)
            assert said in text_of(answer)
    for nothing in ("merchant/a~00b/", "merchant/nobody/", f"credit/order/{10**30}/change/"):
        assert browser.get(f"/admin/{nothing}").status_code in (302, 404)
    found = browser.get(reverse("backoffice:find"), {"q": "orchard-1"})
    assert found.headers["Location"] == reverse("admin:credit_order_change", args=[two[1].pk])
    found = browser.get(reverse("backoffice:find"), {"q": "orchard orchard-1"})
    assert found.headers["Location"] == reverse("admin:credit_order_change", args=[two[1].pk])


def test_a_decision_is_taken_in_the_rows_cell(two: tuple[Order, Order]) -> None:
    browser = browser_of(operator("Credit officer"))
    address = reverse("admin:credit_creditline_decide", args=[two[1].line_id, "days"])
    said = {"payment_days": "20", "settlement_days": "7", "reason": "By contract."}
    answer: Any = browser.post(address, said)
    assert answer.status_code == 302, text_of(answer)
    for number, days in ((1, 10), (2, 20)):
        with cells.at(number):
            assert CreditLine.objects.get().payment_days == days
    assert TrailEntry.objects.get(reason="By contract.").merchant == two[1].line.merchant


def test_a_message_and_a_price_are_for_a_merchant_of_whichever_cell(
    two: tuple[Order, Order],
) -> None:
    browser = browser_of(boss())  # the first cell is chosen
    said = {"merchant": "orchard", "text": "Your bank changed.", "reason": "It told us."}
    address = reverse("admin:notices_notice_decide_list", args=["write"])
    answer: Any = browser.post(address, said | {"request_key": "form-1"})
    assert answer.status_code == 302, text_of(answer)
    for number, messages in ((1, 0), (2, 1)):
        with cells.at(number):
            assert Notice.objects.filter(kind="MESSAGE").count() == messages
    address = reverse("admin:billing_feeprice_decide_list", args=["introduce"])
    price = {"fee": "pick-pack", "currency": "USD", "unit_price": "2.00", "from_on": "2026-12-01"}
    said = {**price, "merchant": "orchard", "reason": "By contract."}
    browser = browser_of(operator("Billing officer"))
    answer = browser.post(address, said)
    assert answer.status_code == 302, text_of(answer)
    assert FeePrice.objects.get(merchant__reference="orchard").unit_price == 2
    with cells.at(2):
        closed = {"closed_at": shops.instant("2026-11-02 11:00"), "closed_on": date(2026, 11, 2)}
        BillingAccount.objects.update(**closed)
    refused = browser.post(address, said | {"from_on": "2026-12-02"})
    assert "open it again first" in text_of(refused)
    assert FeePrice.objects.filter(merchant__reference="orchard").count() == 1


@pytest.mark.parametrize("every", [24, *full(1)])
def test_every_list_and_report_of_the_admin_is_made_in_the_chosen_cell(
    two: tuple[Order, Order], every: int
) -> None:
    """In `make test` every 24th of them."""
    browser = browser_of(boss())
    browser.get("/admin/?cell=2")
    names = [one.name for one in routes() if one.is_of_the_admin and not one.parameters]
    wrong = []
    for name in names[::every]:
        if name in ("admin:logout", "admin:login", "admin:jsi18n", "admin:autocomplete"):
            continue
        with transaction.atomic(), undrawn():
            status = browser.get(reverse(name)).status_code
            transaction.set_rollback(True)
        if status >= 500:
            wrong.append((name, status))
    assert wrong == []
    assert len(names) > 60
    assert Merchant.objects.count() == 2


def test_a_person_is_erased_and_told_of_in_every_cell(two: tuple[Order, Order]) -> None:
    for name in ("meadow", "orchard"):
        assert shops.Shop(name).cancel("2026-11-02 11:00", f"{name}-1") == "applied"
    actor, now = operator("Administrator"), shops.instant("2026-11-02 13:00")
    asked: dict[str, Any] = {"buyer": "Somchai", "reason": "Asked.", "actor": actor, "now": now}
    _, content = erasures.data_of_buyer(**asked)
    assert all(order.reference in content.decode() for order in two)
    for ask in (erasures.data_of_buyer, erasures.erase_buyer):
        with away(2), pytest.raises(erasures.CellAway, match=r"^Cell 2 does not answer\."):
            ask(**asked)
    erasure = erasures.erase_buyer(**asked)
    for number in (1, 2):
        with cells.at(number):
            assert Order.objects.get().buyer == erasure.pseudonym
    browser = browser_of(boss())
    for name, args in (("user_change", [actor.pk]), ("erasure_change", [erasure.pk])):
        assert browser.get(reverse(f"admin:merchants_{name}", args=args)).status_code == 200


def test_who_signed_in_is_erased_once_whatever_the_number_of_cells(
    two: tuple[Order, Order],
) -> None:
    """Sign-ins and trail are shared by the cells, and rows of them that never change are erased by
    the first cell's turn."""
    lin = UserFactory.create(email="lin@rosewood.example")
    merchants = [order.line.merchant for order in two]
    held = [MembershipFactory.create(user=lin, merchant=one) for one in merchants]
    now = shops.instant("2026-11-02 13:00")
    visitor = sign_ins.Visitor(ip="203.0.113.77", browser="Lin's own browser")
    sign_ins.signed_in(user=lin, visitor=visitor, knows_browser=False, now=now)
    nowhere = sign_ins.Visitor(ip="", browser="")
    sign_ins.locked_out(address="lin@rosewood.example", visitor=nowhere, now=now)
    for one in held:
        one.delete()
    erasure = erasures.erase_person(
        user_id=lin.pk, reason="Asked.", actor=operator("Administrator"), now=now
    )
    lin.refresh_from_db()
    address = f"{erasure.pseudonym}@erased.invalid"
    assert (lin.email, lin.is_active) == (address, False)
    rows = SignIn.objects.filter(user=lin).values_list("address", "ip", "browser")
    assert set(rows) == {(address, None, "")}
    assert erasing.found("lin@rosewood.example", "203.0.113.77", "own browser") == []
    counted = {title: erasure.rows[title] for title in ("account", "sign-ins", "browsers")}
    assert counted == {"account": 1, "sign-ins": 2, "browsers": 1}


def test_an_own_price_is_introduced_for_a_merchant_of_another_cell_than_the_chosen_one(
    two: tuple[Order, Order],
) -> None:
    browser = browser_of(operator("Billing officer"))
    page = "/admin/billing/feeprice/decide/introduce/"
    said = {
        "fee": "storage", "currency": "usd", "unit_price": "0.015", "from_on": "2026-11-04",
        "merchant": "orchard", "reason": "By contract.",
    }  # fmt: skip
    answer: Any = browser.post(page, said)
    assert answer.status_code == 302, text_of(answer)
    with cells.at(2):
        closing.close(
            merchant_id=two[1].line_id, actor="olga", reason="Sold.",
            now=shops.instant("2026-11-02 12:00"),
        )  # fmt: skip
    refused = text_of(browser.post(page, said | {"unit_price": "0.016"}))
    assert "account: it was closed on 2026-11-02" in refused
