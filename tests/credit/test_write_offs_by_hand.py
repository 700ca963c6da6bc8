"""Our people write an overdue order off before its day; what comes later is recovered."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from credit.models import LimitEntry, Order
from credit.operations import limits, unmatched, write_offs
from credit.operations.order_steps import OrderNotOpen
from credit.operations.payments import TooMuch
from lib import audit
from lib.refusals import Invalid
from merchants.models import OperatorDecision
from merchants.operations.two_people import TakesTwoPeople
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.factories import OperatorPolicyFactory, RaiseRequestFactory, browser_of, operator
from tests.text import text_of
from tests.threads import at_once, every_order
from tests.two_people import by_two
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY, TOLD = "Insolvency 12 IN 5/26.", "The buyer is insolvent."
OFFICER = "otto@tael.example"
AT = "2026-11-20 10:00"


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with an overdue order."""
    return overdue()


def overdue(*, other: str = "") -> shops.Shop:
    """A shop whose order A over 1,000.00 was due on the 12th, and whose line is frozen for it; one
    `other` over 50.00 was not delivered.
    """
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00", settlement_days=0)
    shop.place("2026-11-02 10:00", "A", "1000.00")
    if other:
        shop.place("2026-11-02 12:00", other, "50.00")
    shop.deliver("2026-11-02 11:00", "A")
    shop.run_jobs("2026-11-20 09:00")
    assert shop.frozen_by() == ["OVERDUE"]
    return shop


def write_off(shop: shops.Shop, order: str = "A", at: str = AT, **said: Any) -> Order:
    texts = {"reason": WHY, "told": TOLD} | said
    return write_offs.write_off(
        order_id=Order.objects.get(reference=order).pk, actor=OFFICER, now=shop.at(at), **texts
    )


def violated(at: str = AT) -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shops.instant(at))
    return [found.check.name for found in findings if found.violations]


def test_it_is_as_when_the_rule_does_it(shop: shops.Shop) -> None:
    write_off(shop)
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.limit() == ("4000.00", "0.00", "4000.00")
    order = Order.objects.get()
    assert (order.written_off, order.written_off_at, order.due_on) == (usd(1000), shop.at(AT), None)
    entry = LimitEntry.objects.get(kind="WRITE_OFF")
    assert (entry.limit_change, entry.used_change, entry.limit_after, entry.used_after) == (
        usd(-1000), usd(-1000), usd(4000), usd(0)
    )  # fmt: skip
    assert (entry.actor, entry.reason, entry.told, entry.order) == (OFFICER, WHY, TOLD, order)
    told = TrailEntry.objects.get(action="ORDER_WRITTEN_OFF")
    assert (told.actor, told.reason) == (OFFICER, WHY)
    assert told.before == {
        "status": "OPEN", "outstanding": "1000.00 USD", "limit": "5000.00 USD"
    }  # fmt: skip
    assert told.after == {
        "status": "WRITTEN_OFF", "outstanding": "0.00 USD", "limit": "4000.00 USD"
    }  # fmt: skip
    decided = OperatorDecision.objects.get(subject=f"write-off {entry.pk}")
    assert (decided.what, decided.figure) == ("pay_outs", Decimal(1000))
    assert violated() == []
    # The rule finds nothing left to write off.
    shop.run_jobs("2027-02-20 09:00")
    assert shop.limit() == ("4000.00", "0.00", "4000.00")


def test_the_limit_never_falls_below_nothing() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="1000.00")
    shop.place("2026-11-02 10:00", "A", "1000.00")
    shop.deliver("2026-11-02 11:00", "A")
    limits.set_limit(
        merchant_id=shop.merchant.pk, limit=usd(600), actor=OFFICER, reason=WHY,
        now=shop.at("2026-11-03 10:00"),
    )  # fmt: skip
    write_off(shop)
    assert shop.limit() == ("0.00", "0.00", "0.00")
    assert violated() == []


@pytest.mark.full  # one that is overdue, above
def test_a_part_that_is_overdue_takes_all_of_the_order() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    shop.place("2026-11-02 10:00", "A", "300.00", instalments=3)  # 12 Nov, 12 Dec, 11 Jan
    shop.deliver("2026-11-02 11:00", "A")
    shop.pay("2026-11-10 10:00", "A", "100.00")
    with nothing_changes(), pytest.raises(write_offs.NotOverdue):
        write_off(shop)
    write_off(shop, at="2026-12-13 10:00")
    order = Order.objects.get()
    assert (order.paid, order.written_off) == (usd(100), usd(200))
    assert violated("2026-12-13 10:00") == []


def test_what_comes_later_is_a_recovery_and_gives_no_limit_back(shop: shops.Shop) -> None:
    write_off(shop)
    assert shop.pay("2026-11-25 10:00", "A", "400.00") == "applied"
    assert (shop.proceeds(), shop.limit()) == ("400.00", ("4000.00", "0.00", "4000.00"))
    order = Order.objects.get()
    assert (order.status, order.recovered, order.left_to_recover) == (
        "WRITTEN_OFF", usd(400), usd(600)
    )  # fmt: skip
    assert shop.pay("2026-11-26 10:00", "A", "600.01") == "rejected overpayment"
    assert violated("2026-11-26 10:00") == []


def test_the_page_of_a_refund_says_that_what_was_written_off_is_taken_first(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch)("2026-11-21 12:00")
    page = reverse("admin:credit_order_decide", args=[Order.objects.get().pk, "refund"])
    browser = browser_of(operator("Credit officer"))
    said = text_of(browser.get(page))
    assert "It lowers what is outstanding (1,000.00 USD) first, and comes out of" in said
    write_off(shop)
    shop.pay("2026-11-21 10:00", "A", "300.00")
    said = text_of(browser.get(page))
    assert (
        "It lowers what was written off and not recovered (700.00 USD) first, which changes no"
        " balance, and comes out of the merchant's proceeds where nothing of that is left." in said
    )


@pytest.mark.full  # what comes later, above
def test_unmatched_cash_recovers_what_was_written_off() -> None:
    shop = overdue(other="B")
    assert shop.pay(AT, "B", "450.00", "P-1") == "rejected overpayment"  # it names another order
    cash = shop.line.payments.get(reference="P-1")
    said: dict[str, Any] = {
        "payment_id": cash.pk, "order": "A", "settled": usd(0), "actor": OFFICER, "reason": WHY
    }  # fmt: skip
    write_off(shop)
    shop.pay("2026-11-20 11:00", "B", "50.00")
    paid = said | {"order": "B", "amount": usd(1), "now": shop.at("2026-11-20 11:30")}
    with nothing_changes(), pytest.raises(TooMuch, match=r"is Paid, and 0\.00"):
        unmatched.apply(**paid)
    unmatched.apply(**said, amount=usd(400), now=shop.at("2026-11-21 10:00"))
    found = shop.line.payments.get(settlement__isnull=False)
    assert (found.status, found.reference, found.order.reference) == ("RECOVERY", "P-1", "A")
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert shop.proceeds() == "450.00"
    assert shop.limit()[0] == "4000.00"
    cash.refresh_from_db()
    assert cash.unsettled == usd(50)
    assert Order.objects.get(reference="A").left_to_recover == usd(600)
    assert violated("2026-11-21 11:00") == []


def test_what_is_not_overdue_is_not_written_off() -> None:
    shop = overdue(other="B")
    with nothing_changes(), pytest.raises(write_offs.NotOverdue):
        write_off(shop, "B")  # it was not delivered
    shop.deliver("2026-11-20 10:00", "B")
    with nothing_changes(), pytest.raises(write_offs.NotOverdue):
        write_off(shop, "B")  # it is due in ten days
    for without in ("reason", "told"):
        with nothing_changes(), pytest.raises(Invalid):
            write_off(shop, **{without: " "})
    write_off(shop)
    with nothing_changes(), pytest.raises(OrderNotOpen, match="is WRITTEN_OFF"):
        write_off(shop)


def test_above_the_days_figure_it_takes_two(shop: shops.Shop) -> None:
    OperatorPolicyFactory.create(
        version=2, starts_on=date(2026, 11, 20), pay_outs=Decimal("999.99")
    )
    with nothing_changes(), pytest.raises(TakesTwoPeople):
        write_off(shop)
    by_two(
        write_offs.write_off, order_id=Order.objects.get().pk, reason=WHY, told=TOLD,
        now=shop.at(AT),
    )  # fmt: skip
    assert shop.order("A") == ("WRITTEN_OFF", "0.00")
    assert OperatorDecision.objects.get(subject__startswith="write-off").proposal is not None
    assert violated() == []


def test_a_raise_that_waits_is_void_and_the_freeze_ends(shop: shops.Shop) -> None:
    metrics = {"rating": "5", "listing_quality": 90, "profile_completeness": 90, "after_sales": 90}
    shop.send("shop.metrics", AT, **metrics)
    RaiseRequestFactory.create(shop=shop, at=AT, limit_wanted="9000")
    write_off(shop)
    assert shop.frozen_by() == []
    # What the merchant had asked for is for an operator to answer.
    assert shop.line.requests.get().status == "PENDING"
    assert shop.place("2026-11-20 11:00", "C", "4000.00") == "applied"


@pytest.mark.django_db(transaction=True)
@every_order
def test_written_off_and_paid_at_once_the_money_is_the_merchants_either_way(
    shop: shops.Shop,
) -> None:
    def race(number: int) -> str:
        """Write the order off or pay it, by number: the outcome."""
        if number:
            return shop.pay(AT, "A", "1000.00", "P-1")
        try:
            return str(write_off(shop).status)
        except (OrderNotOpen, write_offs.NotOverdue):
            return "refused"

    at_once(race, threads=2)
    order = Order.objects.get()
    assert (order.status, order.paid + order.recovered) in [
        ("PAID", usd(1000)), ("WRITTEN_OFF", usd(1000))
    ]  # fmt: skip
    assert shop.proceeds() == "1000.00"
    assert violated() == []


def test_the_merchant_reads_what_was_written_off_and_why(shop: shops.Shop) -> None:
    write_off(shop)
    for page in ("orders/A/", "limit/"):
        said = read(shop, page)
        assert TOLD in said
        assert WHY not in said
        assert OFFICER not in said
    notice = Notice.objects.get(kind="ORDER_WRITTEN_OFF")
    assert notice.details == {
        "order": "A", "amount": "1000.00", "limit": "4000.00", "currency": "USD", "answer": TOLD
    }  # fmt: skip
