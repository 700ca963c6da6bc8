"""What a decision's page shows before its form."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from pytest_django import Settings

from backoffice import briefs, decision_pages
from billing.admin.shown import AboutAccount
from credit.admin.shown import AboutLine
from credit.models import RefusedCash
from merchants.models import Proposal
from tests.backoffice.test_stale_pages import ABOUT_ROWS
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.credit import operator_decisions as credit
from tests.factories import (
    ApiKeyFactory,
    AuthenticatorFactory,
    FreezeFactory,
    JobFailureFactory,
    ReceivedEventFactory,
    browser_of,
    member,
    operator,
)
from tests.shops import Shop
from tests.text import text_of
from tests.trail.test_trail_of_decisions import with_operators
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def read(address: str, *roles: str) -> str:
    """The text of the page for an operator with these roles."""
    answer = browser_of(operator(*roles)).get(address)
    assert answer.status_code == 200
    return text_of(answer).replace("\N{NO-BREAK SPACE}", " ")


def test_a_limit_is_decided_with_all_that_is_known_of_the_line() -> None:
    shop = credit.join()
    FreezeFactory.create(shop=shop, at="2026-11-03 10:00", note="a look at it")
    said = read(f"/admin/credit/creditline/{shop.line.pk}/decide/limit/", "Credit officer")
    for words in (
        "Limit 15,000.00 USD",
        "Used 5.00 USD",
        "Available 14,995.00 USD",
        "Overdue 0.00 USD",
        "Frozen for Placed by an operator",
        "Last review Grade A",
        "points, 01 Nov 2026, Waits for a decision",
        "Proceeds 45,000.00 USD",
        "Frozen: Placed by an operator",
        "a look at it",
        "01 Oct 2026, 09:00 UTC Line opened: 15,000.00 USD platform",
    ):
        assert words in said, words
    assert said.index("Used 5.00 USD") < said.index("New limit")  # before the form


@pytest.mark.full  # each has a brief, below
def test_a_raise_is_answered_with_the_merchants_words_and_what_becomes_of_the_limit() -> None:
    shop = credit.join()
    row = credit.wanted_raise(shop)
    said = read(f"/admin/credit/limitrequest/{row.pk}/decide/approve/", "Credit officer")
    assert f"{row.message} {row.asked_by}" in said
    assert "Limit 15,000.00 USD 18,000.00 USD" in said
    assert "Available 14,995.00 USD 17,995.00 USD" in said


@pytest.mark.full  # each has a brief, below
def test_a_review_says_what_it_would_change() -> None:
    shop = credit.join()
    row = credit.review(shop)
    said = read(f"/admin/credit/limitreview/{row.pk}/decide/approve/", "Credit officer")
    assert "Limit 15,000.00 USD 30,000.00 USD" in said
    rejected = read(f"/admin/credit/limitreview/{row.pk}/decide/reject/", "Credit officer")
    assert "What it changes" not in rejected


def test_a_withdrawal_shows_what_comes_back() -> None:
    shop = credit.join()
    row = credit.large(shop)
    said = read(f"/admin/credit/withdrawal/{row.pk}/decide/reject/", "Credit officer")
    assert "Amount 20,000.00 USD fee 0.00 USD" in said
    assert "Proceeds 25,000.00 USD 45,000.00 USD" in said


@pytest.mark.full  # each has a brief, below
def test_a_credit_is_decided_with_what_is_outstanding_and_the_latest_bills() -> None:
    shop = billing.join()
    row = billing.credit(shop)
    billing.invoice(shop)
    said = read(f"/admin/billing/billingcredit/{row.pk}/decide/approve/", "Billing officer")
    for words in (
        "The wrong size was packed.",
        "Outstanding 0.00 USD −10.00 USD",
        "Accruing today 0.00 USD",
        "Unpaid bills 240.00 USD",
        "Threshold 200.00 USD",
        "03 Nov 2026 2026-000001: 240.00 USD, Open 240.00 USD left",
    ):
        assert words in said, words


@pytest.mark.parametrize(
    ("row", "name", "words"),
    some(
        [
            ("with_monthly", "close", "On a final bill 0.00 USD 38.00 USD"),
            ("closed_in_credit", "pay-out", "Outstanding −20.00 USD 0.00 USD"),
            ("closed_in_debt", "bill-rest", "Outstanding 30.00 USD 0.00 USD"),
            ("with_unapplied", "give-back", "Unapplied, if all goes back 50.00 USD 0.00 USD"),
        ],
        4,
    ),
)
def test_an_accounts_decision_says_what_it_changes(row: str, name: str, words: str) -> None:
    shop = billing.join()
    account = getattr(billing, row)(shop)
    page = f"/admin/billing/billingaccount/{account.pk}/decide/{name}/"
    assert words in read(page, "Billing officer")


def test_what_takes_two_people_is_confirmed_with_the_same_figures() -> None:
    shop = credit.join()
    first = browser_of(operator("Credit officer"))
    page = f"/admin/credit/creditline/{shop.line.pk}/decide/limit/"
    assert first.post(page, {"limit": "90000", "reason": "They grow."}).status_code == 302
    proposal = Proposal.objects.get()
    said = read(f"/admin/merchants/proposal/{proposal.pk}/decide/confirm/", "Credit officer")
    assert "Used 5.00 USD" in said
    assert "Last review Grade A" in said


@pytest.mark.parametrize(
    "join",
    some(sorted({case.join for case in ABOUT_ROWS}, key=lambda one: one.__module__)[::-1], 2),
    ids=lambda one: one.__module__,
)
def test_each_decision_about_a_row_has_a_brief(
    join: Callable[[], Shop], settings: Settings
) -> None:
    shop, asked = with_operators(join)(), 0
    settings.TAEL_SANDBOX = join is billing.join
    for case in ABOUT_ROWS:
        if case.join is not join or case.row is None:
            continue
        undone = transaction.atomic()
        undone._from_testcase = True  # type: ignore[attr-defined]  # what takes a lease may start
        with undone:
            row = case.row(shop)
            pages: Any = admin.site._registry[type(row)]
            brief = pages.brief(row, case.name)
            assert brief is not None, case
            labels = {fact.label for fact in brief.facts}
            assert len(labels) >= 2, case
            if isinstance(pages, AboutLine):
                assert {"Limit", "Used", "Overdue"} <= labels, case
            if isinstance(pages, AboutAccount):
                assert {"Outstanding", "Unapplied", "Threshold"} <= labels, case
            asked += 1
            transaction.set_rollback(True)
    assert asked > 12


@pytest.mark.full  # each has a brief, above
def test_administrators_read_who_uses_a_key_and_who_is_on_a_team() -> None:
    shop = credit.join()
    key = ApiKeyFactory.create(name="Checkout", scopes=["orders"], now=DECIDED_AT)
    said = read(f"/admin/gateway/apikey/{key.pk}/decide/revoke/", "Administrator")
    for words in (
        "Lets somebody in yes no",
        "Opens orders",
        "Reaches all merchants",
        "From anywhere",
        "Used last nothing",
        "API key made",
    ):
        assert words in said, words
    owner = member(shop, "OWNER", email="lin@rosewood.example")
    AuthenticatorFactory.create(user=owner)
    membership = owner.memberships.get()
    said = read(f"/admin/merchants/membership/{membership.pk}/decide/remove/", "Administrator")
    for words in (
        "Owners who can sign in 1 0",
        "People on the team 1",
        f"At merchants {shop.merchant}: Owner",
        "Second factors TOTP",
        "Sign-ins lately None yet.",
    ):
        assert words in said, words


@pytest.mark.full  # other briefs are read above
def test_what_was_refused_and_what_is_parked_is_read_before_it_is_tried_again() -> None:
    shop = credit.join()
    event = ReceivedEventFactory.create(shop=shop, at="2026-11-02 10:00")
    said = read(f"/admin/gateway/receivedevent/{event.pk}/decide/send-again/", "Credit officer")
    assert f"Refused as {event.code} {event.reason}" in said
    assert f"It says {event.data}" in said
    parked = JobFailureFactory.create(row_id=shop.merchant.pk, merchant=shop.merchant)
    said = read(f"/admin/jobs/jobfailure/{parked.pk}/decide/retry/", "Administrator")
    assert f"Rows of the job that wait 1 Error {parked.error}" in said
    order = shop.line.orders.earliest("pk")
    refused = RefusedCash.objects.create(
        line=shop.line, kind="PAYMENT", reference="P-77", order_reference=order.reference,
        currency="EUR", amount="12.5", said_at=DECIDED_AT, code="currency_mismatch",
        sentence="The order is in USD.", arrived_at=DECIDED_AT, last_arrived_at=DECIDED_AT,
    )  # fmt: skip
    said = read(f"/admin/credit/refusedcash/{refused.pk}/decide/close/", "Credit officer")
    assert "Payment 12.5 EUR P-77" in said
    assert f"For order {order.reference} {order.get_status_display()}" in said


def test_both_books_tell_of_a_merchant_and_none_twice() -> None:
    assert set(briefs.BOOKS) == {"credit", "billing"}
    with pytest.raises(ValueError, match="is there"):
        briefs.register("credit", lambda merchant: None)
