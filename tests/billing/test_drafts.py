"""Bills that an operator looks at first: drafts, their issue, and sending them back."""

from typing import Any

import pytest

from billing.models import Invoice
from billing.operations import invoice_decisions, terms
from billing.operations.accounts import Plan
from billing.queries import invoices
from lib.refusals import Invalid
from tests import shops
from tests.amounts import usd
from tests.billing.paying import (
    FIRST,
    OPERATOR,
    SECOND,
    attempts,
    draft,
    invoice,
    issue,
    send_back,
    state,
)
from tests.factories import browser_of, member
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def reviewed(at: str = "2026-11-02 10:00", **said: str) -> shops.Shop:
    """A shop with a draft of 210.00 on the day of `at`; nothing was billed before."""
    shop = shops.join("2026-11-01 10:00", **{"payment_method": "sandbox"} | said)
    review(shop)
    assert shop.charge(at, "pick-pack", "210.00") == "applied"
    return shop


def review(shop: shops.Shop, at: str = "2026-11-01 10:00", *, wanted: bool = True) -> None:
    """Have the shop's bills be drafts from now on, or no longer."""
    terms.review_invoices(
        merchant_id=shop.merchant.pk,
        wanted=wanted,
        actor=OPERATOR,
        reason="new merchant",
        now=shop.at(at),
    )


def issued_notices(shop: shops.Shop) -> list[str]:
    """The numbers of the bills of which the shop was notified."""
    found = shop.merchant.notices.filter(kind="BILL_ISSUED")
    return list(found.order_by("pk").values_list("cause", flat=True))


def test_a_draft_has_its_items_and_no_number() -> None:
    shop = reviewed()
    found = draft()
    assert (found.kind, str(found.issued_on), found.total) == (
        "THRESHOLD",
        "2026-11-02",
        usd("210.00"),
    )
    assert shop.figures() == ("0.00", "0.00")
    assert issued_notices(shop) == []


def test_nothing_collects_a_draft() -> None:
    shop = reviewed()
    shop.run_hourly("2026-11-02 11:00", "2026-11-02 14:00")
    shop.run_jobs("2026-12-15 00:00")
    found = draft()
    assert (found.payments.count(), found.first_failed_at, shop.frozen_by()) == (0, None, [])


def test_merchants_see_no_draft_among_their_bills() -> None:
    shop = reviewed()
    assert list(invoices.of_account(shop.account)) == []
    said = text_of(browser_of(member(shop)).get(f"/m/{shop.reference}/billing/invoices/"))
    assert "No bills yet." in said
    assert "A bill of 210.00 USD is under review: our team looks at it before it is issued." in said


def test_issued_it_gets_the_next_number_amid_those_of_others() -> None:
    shop = reviewed()
    shops.join("2026-11-02 11:00", "willow", plan_price="39.00")
    assert issue(shop, "2026-11-03 09:30", draft()) == "OPEN"
    shops.join("2026-11-03 11:00", "maple", plan_price="39.00")
    numbers = Invoice.objects.order_by("number").values_list("number", "merchant_reference")
    assert list(numbers) == [
        ("2026-000001", "willow"),
        ("2026-000002", "rosewood"),
        ("2026-000003", "maple"),
    ]
    found = invoice(SECOND)
    assert (str(found.issued_on), found.issued_at) == ("2026-11-02", shop.at("2026-11-03 09:30"))
    assert found.drafted_at == shop.at("2026-11-02 10:00")
    assert issued_notices(shop) == [SECOND]
    shop.run_jobs("2026-11-03 10:00")
    assert state(SECOND) == "PAID 210.00/210.00"
    assert attempts(shop, SECOND) == ["2026-11-03 10:00 SUCCEEDED"]


@pytest.mark.full  # it gets the next one, above
def test_a_draft_of_the_old_year_gets_a_number_of_that_year() -> None:
    shop = reviewed("2026-12-31 10:00")
    shops.join("2027-01-01 10:00", "willow", plan_price="39.00")
    assert issue(shop, "2027-01-02 10:00", draft()) == "OPEN"
    assert {str(found) for found in Invoice.objects.all()} == {FIRST, "2027-000001"}
    assert (str(invoice().issued_on), str(invoice().due_on)) == ("2026-12-31", "2027-01-02")


@pytest.mark.full  # any draft is issued above
def test_a_manual_draft_is_due_seven_days_after_its_issue() -> None:
    shop = reviewed(payment_method="manual")
    shop.run_jobs("2026-11-20 00:00")
    assert issue(shop, "2026-11-20 09:00", draft()) == "OPEN"
    assert str(invoice().due_on) == "2026-11-27"
    shop.run_jobs("2026-11-26 23:59:59")
    assert invoice().first_failed_at is None
    shop.run_jobs("2026-11-27 00:00")
    assert invoice().first_failed_at == shop.at("2026-11-27 00:00")


def test_sent_back_its_items_are_outstanding_and_the_next_draft_takes_them() -> None:
    shop = reviewed()
    assert send_back(shop, "2026-11-03 09:00", draft()) == "VOID"
    assert shop.figures() == ("210.00", "0.00")
    assert not Invoice.objects.exclude(number=None).exists()
    assert shop.charge("2026-11-03 10:00", "pick-pack", "0.01") == "applied"
    assert draft().total == usd("210.01")
    assert issue(shop, "2026-11-03 11:00", draft()) == "OPEN"
    assert state() == "OPEN 0.00/210.01"


def test_when_review_ends_the_next_bill_is_issued_and_the_draft_stays() -> None:
    shop = reviewed()
    review(shop, "2026-11-03 09:00", wanted=False)
    assert shop.charge("2026-11-03 10:00", "pick-pack", "200.00") == "applied"
    assert state() == "OPEN 0.00/200.00"
    assert draft().total == usd("210.00")


def test_what_was_decided_is_decided_once() -> None:
    shop = reviewed()
    found = draft()
    assert issue(shop, "2026-11-03 09:00", found) == "OPEN"
    with nothing_changes():
        assert issue(shop, "2026-11-03 10:00", found) == "invoice_not_open"
        assert send_back(shop, "2026-11-03 10:00", found) == "invoice_not_open"


def test_what_was_sent_back_is_not_issued() -> None:
    shop = reviewed()
    found = draft()
    assert send_back(shop, "2026-11-03 09:00", found) == "VOID"
    with nothing_changes():
        assert issue(shop, "2026-11-03 10:00", found) == "invoice_not_open"
        assert send_back(shop, "2026-11-03 10:00", found) == "invoice_not_open"


def test_a_draft_is_sent_back_and_neither_voided_nor_given_up() -> None:
    shop = reviewed()
    kept: Any = {"invoice_id": draft().pk, "actor": OPERATOR, "now": shop.at("2026-11-02 11:00")}
    with nothing_changes():
        for operation in (invoice_decisions.void, invoice_decisions.mark_uncollectible):
            with pytest.raises(invoice_decisions.InvoiceNotOpen):
                operation(reason="as agreed", **kept)
        with pytest.raises(Invalid):
            invoice_decisions.issue_draft(reason="  ", **kept)


def test_plan_fees_are_drafted_too_and_dates_go_on() -> None:
    shop = shops.join("2026-11-01 10:00", plan_price="0")
    review(shop)
    terms.change_plan(
        merchant_id=shop.merchant.pk,
        plan=Plan("plus", usd("39.00"), 30),
        actor=OPERATOR,
        reason="asked for",
        now=shop.at("2026-11-02 10:00"),
    )
    shop.run_jobs("2026-12-31 00:00")
    drafts = Invoice.objects.filter(status="DRAFT").order_by("issued_on")
    assert [str(found) for found in drafts.values_list("issued_on", flat=True)] == [
        "2026-12-01",
        "2026-12-31",
    ]


def test_what_a_draft_holds_is_under_review_wherever_its_sum_would_be_missed() -> None:
    shop = reviewed()
    shop.charge("2026-11-02 11:00", "pick-pack", "5.00")
    client = browser_of(member(shop))
    row = "Under review 210.00 USD"
    for page in ("", "billing/settings/"):
        said = text_of(client.get(f"/m/rosewood/{page}"))
        assert ("5.00 USD outstanding" in said, row in said) == (True, True)
    assert "Under review, and on no bill yet 210.00 USD" in text_of(
        client.get("/m/rosewood/billing/outlook/")
    )
    assert "A bill of 210.00 USD is under review" in text_of(
        client.get("/m/rosewood/billing/invoices/")
    )
    held = text_of(client.get("/m/rosewood/billing/days/?billed=UNDER_REVIEW"))
    assert ("Under review 1 210.00 USD" in held, "5.00 USD" in held) == (True, False)
    month = text_of(client.get("/m/rosewood/billing/statements/2026-11/"))
    assert ("Under review 1 210.00" in month, "not billed yet 1 5.00" in month) == (True, True)
    issue(shop, "2026-11-02 12:00", draft())
    said = text_of(client.get("/m/rosewood/billing/settings/"))
    assert ("Under review" in said, "5.00 USD outstanding" in said) == (False, True)
