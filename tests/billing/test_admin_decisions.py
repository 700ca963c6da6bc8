"""Operators decide about billing in the admin: one operation each, with a reason, by who may."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from pytest_django import Settings

from backoffice import decision_pages
from billing.models import BillingAccount
from tests.billing import operator_decisions as deciding
from tests.billing.operator_decisions import (
    DECIDED_AT,
    DECIDER,
    WHY,
    account,
    charge,
    closed_in_credit,
    closed_in_debt,
    credit,
    draft,
    invoice,
    of_sandbox,
    of_silent_card,
    of_strange_provider,
    operator,
    planned,
    request,
    reread,
    reversed_payment,
    reviewed,
    with_monthly,
    with_unapplied,
)
from tests.credit.deciding import address, text
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The sandbox is on, and the clock of the decisions' pages stands at DECIDED_AT."""
    settings.TAEL_SANDBOX = True
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@kept(TAEL_SANDBOX=True)
def shop() -> Shop:
    """The shop of all decisions about billing (operator_decisions.join)."""
    return deciding.join()


# --- what can be decided: the row, what is said, what is shown before, what the books say after ---


@dataclass(frozen=True)
class Case:
    of: Callable[[Shop], Model]
    name: str
    said: dict[str, str]
    shown: tuple[str, ...]  # on the page that asks
    seen: Callable[[Shop, Any], Any]
    expected: Any
    refused: dict[str, str]  # what else could be said, and is refused

    def __str__(self) -> str:
        return f"{self.of.__name__}-{self.name}"


def owed(shop: Shop, row: Any) -> Any:
    """What a decision about a credit changes: outstanding, its status, who decided."""
    return shop.figures()[0], row.status, row.decided_by


def outstanding(shop: Shop, row: Any) -> Any:
    """What granting a credit changes: outstanding, and who decided."""
    return shop.figures()[0], shop.account.credits.get().decided_by


def threshold(shop: Shop, row: Any) -> Any:
    """What answering a request changes: the threshold, and the request's answer."""
    return f"{shop.account.threshold.amount:.2f}", row.status, row.answered_by, row.answer


def last_change(shop: Shop) -> tuple[str, str, str]:
    change = shop.account.changes.latest("pk")
    return change.what, change.after, change.actor


def changed(shop: Shop, row: Any) -> Any:
    """What a decision about the account changes: its last change on record, and its bills."""
    return last_change(shop), shop.invoices()


def billed(shop: Shop, row: Any) -> Any:
    """What a decision about a bill changes: outstanding, status, number, and the decision on
    record.
    """
    decision = row.decisions.last()
    decided = decision and (decision.decision, decision.actor)
    return shop.figures()[0], row.status, row.number, decided


def paid(shop: Shop, row: Any) -> Any:
    """What recording a transfer changes: the bill's status, what is paid, and its payment."""
    payment = row.payments.get()
    said = (payment.provider, payment.provider_reference, payment.actor)
    return row.status, f"{row.amount_paid.amount:.2f}", said


def asked(shop: Shop, row: Any) -> Any:
    """What asking a provider anew changes: the status of payment and bill."""
    return row.status, row.invoice.status


def ended(shop: Shop, row: Any) -> Any:
    """What ending an odd payment changes: it, and the money that arrived for its bill."""
    invoice = row.invoice
    arrived = list(invoice.payments.filter(provider="manual").values_list("provider_reference"))
    return row.status, row.failure, row.problem[:4], f"{invoice.amount_paid.amount:.2f}", arrived


def taken_back(shop: Shop, row: Any) -> Any:
    """What deciding about a reversal changes: its status and answer, and the bills."""
    return row.status, row.message, row.decided_by, shop.invoices()


def unapplied(shop: Shop, row: Any) -> Any:
    """What a decision about unapplied money changes: the rest, and its latest entry."""
    entry = shop.account.unapplied_entries.latest("pk")
    return f"{row.unapplied.amount:.2f}", entry.kind, entry.reference, entry.actor, entry.reason


NOTHING: dict[str, str] = {}
ANSWER = WHY | {"told": "We have looked at it."}
FORM = {"request_key": "form-9", **ANSWER}
PLAN = {"plan": "grand", "price": "39.00", "interval_days": "90", **WHY}
SAID_WHY, SAID = WHY["reason"], ANSWER["told"]
TAKEN_BACK = {"message": "Your bank took it back.", "seen": "RECORDED lost", **WHY}
STALE = {**TAKEN_BACK, "seen": "RECORDED needs_response"}
CASES = [
    Case(reversed_payment, "charge", TAKEN_BACK, ("240.00", "lost"), taken_back,
         ("CHARGED", "Your bank took it back.", DECIDER,
          ["2026-11-03 THRESHOLD 240.00", "2026-11-04 THRESHOLD 240.00"]), STALE),
    Case(reversed_payment, "accept", TAKEN_BACK, ("240.00", "lost to us"), taken_back,
         ("ACCEPTED", "Your bank took it back.", DECIDER, ["2026-11-03 THRESHOLD 240.00"]),
         {**TAKEN_BACK, "message": " "}),
    Case(credit, "approve", ANSWER, ("30.00", "20.00", "The wrong size was packed."), owed,
         ("20.00", "APPROVED", DECIDER), ANSWER | {"told": " "}),
    Case(credit, "reject", ANSWER, ("10.00",), owed, ("30.00", "REJECTED", DECIDER), NOTHING),
    Case(account, "credit", {"fee": "credit-account", "amount": "12.50", **FORM}, ("30.00",),
         outstanding, ("17.50", DECIDER), {"fee": "payout", "amount": "1.00", **FORM}),
    Case(charge, "credit", {"fee": "credit-pick-pack", "amount": "5.00", **FORM}, ("30.00",),
         outstanding, ("25.00", DECIDER), {"fee": "credit-pick-pack", "amount": "30.01", **FORM}),
    Case(request, "approve", ANSWER, ("200.00", "500.00", "30.00"), threshold,
         ("500.00", "APPROVED", DECIDER, SAID), {"threshold": "199.99", **ANSWER}),
    Case(request, "approve", {"threshold": "300", **ANSWER}, ("200.00",), threshold,
         ("300.00", "APPROVED", DECIDER, SAID), {"threshold": "300.001", **ANSWER}),
    Case(request, "reject", ANSWER, ("200.00",), threshold,
         ("200.00", "REJECTED", DECIDER, SAID), NOTHING),
    Case(account, "threshold", {"threshold": "20", **WHY}, ("200.00", "30.00"), changed,
         (("THRESHOLD", "20.00", DECIDER), []), {"threshold": "-1", **WHY}),
    Case(account, "plan", PLAN, ("basic", "1 Dec 2026"), changed,
         (("PLAN", "grand 39.00/90", DECIDER), []), {**PLAN, "interval_days": "29"}),
    Case(account, "time-zone", {"timezone": "Asia/Bangkok", **WHY}, ("UTC", "1 Dec 2026"),
         changed, (("TIMEZONE", "Asia/Bangkok", DECIDER), []), {"timezone": "Asia/Nowhere", **WHY}),
    Case(account, "method", {"method": "proceeds", **WHY}, ("Bank transfer",), changed,
         (("PAYMENT_METHOD", "proceeds", DECIDER), []), {"method": "stripe:77", **WHY}),
    Case(account, "review", WHY, ("draft",), changed, (("BILL_REVIEW", "True", DECIDER), []),
         NOTHING),
    Case(reviewed, "no-review", WHY, ("at once",), changed,
         (("BILL_REVIEW", "False", DECIDER), []), NOTHING),
    Case(with_monthly, "close", WHY, ("30.00", "8.00", "38.00"), changed,
         (("CLOSED", "", DECIDER), ["2026-11-04 FINAL 38.00"]), NOTHING),
    Case(closed_in_credit, "pay-out", {"reference": "BANK-5", **WHY}, ("20.00",),
         lambda shop, row: (last_change(shop), shop.figures()[0]),
         (("PAID_OUT", "BANK-5", DECIDER), "0.00"), WHY),
    Case(draft, "issue", WHY, ("240.00", "7 days"), billed,
         ("0.00", "OPEN", "2026-000001", ("ISSUED", DECIDER)), NOTHING),
    Case(draft, "send-back", WHY, ("240.00", "0.00"), billed,
         ("240.00", "VOID", None, ("SENT_BACK", DECIDER)), NOTHING),
    Case(invoice, "void", WHY, ("240.00", "0.00"), billed,
         ("240.00", "VOID", "2026-000001", ("VOIDED", DECIDER)), NOTHING),
    Case(invoice, "uncollectible", WHY, ("240.00",), billed,
         ("0.00", "UNCOLLECTIBLE", "2026-000001", ("UNCOLLECTIBLE", DECIDER)), NOTHING),
    Case(invoice, "transfer", {"amount": "100.00", "reference": "B-7"}, ("240.00",), paid,
         ("OPEN", "100.00", ("manual", "B-7", DECIDER)),
         {"amount": "240.001", "reference": "B-7"}),
    Case(invoice, "transfer", {"amount": "250.00", "reference": "B-7"}, ("240.00", "unapplied"),
    paid,
         ("PAID", "240.00", ("manual", "B-7", DECIDER)), {"amount": "0", "reference": "B-7"}),
    Case(invoice, "transfer", {"amount": "240.00", "reference": "B-7"}, ("240.00",), paid,
         ("PAID", "240.00", ("manual", "B-7", DECIDER)), {"amount": "240.00", "reference": " "}),
    Case(of_strange_provider, "end", {"arrived": "239.00", "reference": "pi_1", **WHY},
         ("240.00", "239.00"), ended,
         ("FAILED", "ended_by_us", "pi_1", "239.00", [("pi_1",)]),
         {"arrived": "239.00", "reference": "", **WHY}),
    Case(account, "transfer", {"amount": "20.00", "reference": "B-7"}, ("0.00",), unapplied,
         ("20.00", "RECEIVED", "B-7", DECIDER, ""), {"amount": "-1.00", "reference": "B-7"}),
    Case(with_unapplied, "give-back", {"amount": "49.00", "reference": "B-8", **WHY}, ("50.00",),
         unapplied, ("1.00", "GIVEN_BACK", "B-8", DECIDER, SAID_WHY),
         {"amount": "50.01", "reference": "B-8", **WHY}),
]  # fmt: skip
# Those that need nobody's words: the page's button is all.
AGREED_CASES = [
    Case(closed_in_debt, "bill-rest", WHY, ("30.00",), lambda shop, row: shop.invoices(),
         ["2026-11-03 FINAL 30.00", "2026-11-04 FINAL 30.00"], {}),
    Case(of_sandbox, "pay", {}, ("240.00", "Sandbox"), paid,
         ("PAID", "240.00", ("sandbox", "sandbox-T-2026-000001-1", DECIDER)), {}),
    Case(of_silent_card, "ask", {}, ("240.00",), asked, ("SUCCEEDED", "PAID"), {}),
]  # fmt: skip
# The page is one for all: `make test` takes every sixth decision, and tries what else there is to
# try at every twelfth.
every_sixth_decision = pytest.mark.parametrize("case", some([*CASES, *AGREED_CASES], 6), ids=str)
every_twelfth_decision = pytest.mark.parametrize("case", some([*CASES, *AGREED_CASES], 12), ids=str)


@every_sixth_decision
def test_an_operator_sees_what_will_happen_and_does_it(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    browser = browser_of(operator(row._meta.model_name or ""))
    page = address(row, "decide", case.name)
    assert page in text(browser.get(address(row, "change")))
    with nothing_changes():
        asking = text(browser.get(page))
    assert "Rosewood Dresses" in asking
    for figure in case.shown:
        assert figure in asking
    response = browser.post(page, case.said)
    assert (response.status_code, response.headers["Location"]) == (302, address(row, "change"))
    assert case.seen(shop, reread(row)) == case.expected


@pytest.mark.parametrize("case", some(CASES, 10), ids=str)
def test_what_is_refused_is_said_on_the_page_and_changes_nothing(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    browser = browser_of(operator(row._meta.model_name or ""))
    with nothing_changes():
        response = browser.post(address(row, "decide", case.name), case.refused)
        assert response.status_code == 200
        assert response.context["form"].errors


@every_twelfth_decision
def test_who_may_not_change_such_rows_decides_nothing(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    page = address(row, "decide", case.name)
    looker, owner = browser_of(operator("statement")), browser_of(member(shop))
    with nothing_changes():
        assert page not in text(looker.get(address(row, "change")))
        assert looker.get(page).status_code == 403
        assert looker.post(page, case.said).status_code == 403
        for stranger in (owner, Client()):
            assert stranger.post(page, case.said).status_code in (302, 403)


AGAIN = {
    "credit",
    "transfer",
    "give-back",
    "method",
    "threshold",
    "plan",
    "time-zone",
    "review",
    "no-review",
}


@every_twelfth_decision
def test_a_form_that_is_sent_twice_moves_money_once(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    browser = browser_of(operator(row._meta.model_name or ""))
    page = address(row, "decide", case.name)
    assert browser.post(page, case.said).status_code == 302
    books, payments = shop.books(), shop.account.charges.count()
    second = browser.post(page, case.said)
    harmless = case.name in AGAIN or case.of is of_silent_card
    assert second.status_code == (302 if harmless else 200)
    assert (shop.books(), shop.account.charges.count()) == (books, payments)
    assert case.seen(shop, reread(row)) == case.expected


def test_before_an_account_is_closed_it_is_said_what_becomes_of_what_it_has_left(
    shop: Shop,
) -> None:
    client = browser_of(operator("billingaccount"))
    ask = address(account(shop), "decide", "close")
    assert "A final bill over 30.00 USD is issued at once." in text_of(client.get(ask))
    reviewed(shop)
    asked = text_of(client.get(ask))
    assert "A final bill over 30.00 USD waits as a draft for an operator." in asked
    BillingAccount.objects.update(payment_method="stripe", outstanding="0.49")
    asked = text_of(client.get(ask))
    assert "0.49 USD is less than its payment method collects, and is waived." in asked


def test_a_bill_with_a_payment_plan_does_not_keep_a_freeze_that_another_bill_caused(
    shop: Shop,
) -> None:
    first = planned(shop)
    shop.charge("2026-11-03 10:30", "pick-pack", "200.00", "c-3")
    other = shop.account.invoices.exclude(pk=first.pk).get()
    client = browser_of(operator("invoice"))
    asked = text_of(client.get(address(other, "decide", "void")))
    assert "No other bill is unpaid without a payment plan: a freeze of the credit line" in asked
    shop.charge("2026-11-03 10:45", "pick-pack", "200.00", "c-4")
    asked = text_of(client.get(address(other, "decide", "void")))
    assert "1 other bill is unpaid: a freeze of the credit line because of it stays." in asked
