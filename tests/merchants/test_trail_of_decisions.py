"""Every decision of the admin leaves its rows on the trail, when it is taken and not when refused.

A new decision needs a line in one of the tables here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from credit.models import Withdrawal
from merchants import decisions
from merchants.decisions import Deciding
from tests import trailed
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT, DECIDER, WHY
from tests.credit import operator_decisions as credit
from tests.credit import withdrawing
from tests.factories import UserFactory, browser_of, member, operator
from tests.shops import Shop
from tests.trailed import Told

pytestmark = pytest.mark.django_db

FORM = {"request_key": "form-9", **WHY}
PLAN = {"plan": "grand", "price": "39.00", "interval_days": "90", **WHY}
SEEN = {"seen": "2026-11-03T10:00:00+00:00"}
STORAGE = {"fee": "storage", "currency": "USD", "merchant": "", **WHY}


@dataclass(frozen=True)
class Case:
    model: str
    name: str  # of the decision
    row: Callable[[Shop], Model] | None  # it is about; None: about none, or several
    said: dict[str, Any]
    told: list[tuple[str, str, dict[str, Any], dict[str, Any]]]  # {row…} stands for what it is of
    join: Callable[[], Shop] = field(kw_only=True, default=billing.join)
    reason: str = field(kw_only=True, default=WHY["reason"])
    of_merchant: bool = field(kw_only=True, default=True)
    acts_again: bool = field(kw_only=True, default=False)  # as often as the form is sent

    def __str__(self) -> str:
        return f"{self.model}-{self.name}"


def of_credit(model: str, name: str, row: Callable[[Shop], Model], *args: Any, **more: Any) -> Case:
    return Case(model, name, row, *args, join=credit.join, **more)


def status(before: str, after: str, **both: str) -> tuple[dict[str, str], dict[str, str]]:
    return {"status": before} | both, {"status": after} | both


def proceeds(before: str, after: str) -> tuple[dict[str, str], dict[str, str]]:
    """What stood in the proceeds, and does now."""
    return {"proceeds": f"{before} USD"}, {"proceeds": f"{after} USD"}


def step(
    statuses: tuple[str, str], figures: tuple[str, str], **more: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Of a withdrawal."""
    before, after = proceeds(*figures)
    return {"status": statuses[0]} | before, {"status": statuses[1]} | after | more


def changed(name: str, before: object, after: object, **more: str) -> Any:
    return {name: before}, {name: after} | more


CREDIT = [
    of_credit("creditline", "limit", credit.line, {"limit": "16000", **WHY},
              [("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "16000.00 USD"))]),
    of_credit("creditline", "freeze", credit.line, {"cause": "SUSPECTED_FRAUD", **WHY},
              [("FREEZE_PLACED", "freeze {freeze}", *changed("frozen_for", "", "SUSPECTED_FRAUD"))],
              acts_again=True),
    of_credit("freeze", "lift", credit.freeze, WHY,
              [("FREEZE_LIFTED", "freeze {row.pk}", *changed("frozen_for", "MANUAL", ""))]),
    of_credit("limitreview", "approve", credit.review, WHY,
              [("REVIEW_APPROVED", "review 2026-11-01", *status("PENDING", "APPROVED")),
               ("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "30000.00 USD"))]),
    of_credit("limitreview", "reject", credit.review, WHY,
              [("REVIEW_REJECTED", "review 2026-11-01", *status("PENDING", "REJECTED"))]),
    of_credit("limitrequest", "approve", credit.wanted_raise, WHY,
              [("LIMIT_CHANGED", "credit line",
                *changed("limit", "15000.00 USD", "18000.00 USD")),
               ("RAISE_GRANTED", "limit request {row.pk}", *status("PENDING", "APPROVED"))]),
    of_credit("limitrequest", "reject", credit.wanted_raise, WHY,
              [("RAISE_REFUSED", "limit request {row.pk}", *status("PENDING", "REJECTED"))]),
    of_credit("limitrequest", "answer", credit.question, {"answer": "By sales."},
              [("QUESTION_ANSWERED", "limit request {row.pk}", *status("PENDING", "ANSWERED"))],
              reason="By sales."),
    of_credit("orderflag", "dismiss", credit.flag, WHY,
              [("FLAG_DISMISSED", "flag {row.pk}", *status("OPEN", "DISMISSED"))]),
    of_credit("orderflag", "confirm", credit.flag, WHY,
              [("FLAG_CONFIRMED", "flag {row.pk}", *status("OPEN", "CONFIRMED"))]),
    of_credit("withdrawal", "approve", credit.large, {},
              [("WITHDRAWAL_APPROVED", "{row.reference}",
                *step(("REQUESTED", "APPROVED"), ("25000.00", "25000.00")))], reason=""),
    of_credit("withdrawal", "reject", credit.large, WHY,
              [("WITHDRAWAL_REJECTED", "{row.reference}",
                *step(("REQUESTED", "REJECTED"), ("25000.00", "45000.00")))]),
    of_credit("withdrawal", "paid", credit.sent, {"bank_reference": "B-77"},
              [("WITHDRAWAL_PAID", "{row.reference}",
                *step(("SENT", "PAID"), ("44900.00", "44900.00"), bank_reference="B-77"))],
              reason=""),
    of_credit("withdrawal", "failed", credit.sent, WHY,
              [("WITHDRAWAL_FAILED", "{row.reference}",
                *step(("SENT", "FAILED"), ("44900.00", "45000.00")))]),
    of_credit("profile", "confirm", credit.profile, SEEN,
              [("PROFILE_CONFIRMED", "profile", *changed("confirmed_by", "", DECIDER))],
              reason=""),
    Case("creditpolicy", "introduce", None,
         {"currency": "usd", "starts_on": "2026-12-01", "minimum_limit": "2000", **WHY},
         [("POLICY_INTRODUCED", "policy USD 2",
           {"version": "1", "starts_on": "2000-01-01", "minimum_limit": "1000"},
           {"version": "2", "starts_on": "2026-12-01", "minimum_limit": "2000"})],
         of_merchant=False),
]  # fmt: skip
BILLING = [
    Case("billingcredit", "approve", billing.credit, WHY,
         [("CREDIT_APPROVED", "credit {row.pk}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "10.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingcredit", "reject", billing.credit, WHY,
         [("CREDIT_REJECTED", "credit {row.pk}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "REJECTED", "credited": "0.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("billingaccount", "credit", billing.account,
         {"fee": "credit-account", "amount": "12.50", **FORM},
         [("CREDIT_GRANTED", "credit {credit}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "12.50 USD", "fee": "credit-account",
            "charge": ""})]),
    Case("charge", "credit", billing.charge,
         {"fee": "credit-pick-pack", "amount": "5.00", **FORM},
         [("CREDIT_GRANTED", "credit {credit}",
           {"status": "REQUESTED", "credited": "0.00 USD"},
           {"status": "APPROVED", "credited": "5.00 USD", "fee": "credit-pick-pack",
            "charge": "c-1"})]),
    Case("thresholdrequest", "approve", billing.request, WHY,
         [("THRESHOLD_CHANGED", "billing account",
           *changed("threshold", "200.00 USD", "500.00 USD")),
          ("THRESHOLD_GRANTED", "threshold request {row.pk}", *status("PENDING", "APPROVED"))]),
    Case("thresholdrequest", "reject", billing.request, WHY,
         [("THRESHOLD_REFUSED", "threshold request {row.pk}", *status("PENDING", "REJECTED"))]),
    Case("billingaccount", "threshold", billing.account, {"threshold": "20", **WHY},
         [("THRESHOLD_CHANGED", "billing account",
           *changed("threshold", "200.00 USD", "20.00 USD"))]),
    Case("billingaccount", "plan", billing.account, PLAN,
         [("PLAN_CHANGED", "billing account", {"plan": "basic 0.00/30"},
           {"plan": "grand 39.00/90", "from": "2026-12-01"})]),
    Case("billingaccount", "time-zone", billing.account, {"timezone": "Asia/Bangkok", **WHY},
         [("TIME_ZONE_CHANGED", "billing account", {"time_zone": "UTC"},
           {"time_zone": "Asia/Bangkok", "from": "2026-12-01"})]),
    Case("billingaccount", "method", billing.account, {"method": "proceeds", **WHY},
         [("METHOD_CHANGED", "billing account",
           *changed("payment_method", "manual", "proceeds"))]),
    Case("billingaccount", "review", billing.account, WHY,
         [("BILL_REVIEW_CHANGED", "billing account", *changed("review_of_bills", "no", "yes"))]),
    Case("billingaccount", "no-review", billing.reviewed, WHY,
         [("BILL_REVIEW_CHANGED", "billing account", *changed("review_of_bills", "yes", "no"))]),
    Case("billingaccount", "close", billing.account, WHY,
         [("ACCOUNT_CLOSED", "billing account", *changed("account", "open", "closed"))]),
    Case("billingaccount", "bill-rest", billing.closed_in_debt, WHY,
         [("REST_BILLED", "billing account",
           *changed("outstanding", "30.00 USD", "on a final bill"))]),
    Case("billingaccount", "pay-out", billing.closed_in_credit, {"reference": "BANK-5", **WHY},
         [("REST_PAID_OUT", "billing account",
           {"outstanding": "-20.00 USD", "reference": ""},
           {"outstanding": "0.00 USD", "reference": "BANK-5"})]),
    Case("invoice", "issue", billing.draft, WHY,
         [("BILL_ISSUED", "2026-000001", *status("DRAFT", "OPEN", total="240.00 USD"))]),
    Case("invoice", "send-back", billing.draft, WHY,
         [("BILL_SENT_BACK", "draft {row.pk}", *status("DRAFT", "VOID", total="240.00 USD"))]),
    Case("invoice", "void", billing.bill, WHY,
         [("BILL_VOIDED", "2026-000001", *status("OPEN", "VOID", total="240.00 USD"))]),
    Case("invoice", "uncollectible", billing.bill, WHY,
         [("BILL_UNCOLLECTIBLE", "2026-000001",
           *status("OPEN", "UNCOLLECTIBLE", total="240.00 USD"))]),
    Case("invoice", "transfer", billing.bill, {"amount": "240.00", "reference": "B-7"},
         [("TRANSFER_RECORDED", "2026-000001",
           {"status": "OPEN", "amount_paid": "0.00 USD"},
           {"status": "PAID", "amount_paid": "240.00 USD", "reference": "B-7"})], reason=""),
    Case("invoice", "pay", billing.of_sandbox, {},
         [("PAYMENT_STARTED", "2026-000001-1", {},
           {"amount": "240.00 USD", "provider": "sandbox"})], reason=""),
    Case("payment", "ask", billing.of_silent_card, {},
         [("PAYMENT_LOOKED_UP", "2026-000001-1", *status("UNKNOWN", "SUCCEEDED"))], reason=""),
    Case("straypayment", "settle", billing.stray, WHY,
         [("STRAY_SETTLED", "2026-000001-1", *status("OPEN", "SETTLED", amount="240.00 USD"))]),
    Case("feeprice", "introduce", None,
         {"unit_price": "0.015", "from_on": "2026-11-04", **STORAGE},
         [("PRICE_INTRODUCED", "storage", {},
           {"unit_price": "0.015 USD", "from": "2026-11-04"})], of_merchant=False),
]  # fmt: skip
NEW, ROLE = "new@shop.example", "Auditor"


def person(shop: Shop) -> Model:
    """One of our own, who has lost a telephone."""
    user = operator("Credit officer", email=NEW)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    return user


def kept_out(shop: Shop) -> Model:
    return operator("Credit officer", email=NEW, is_active=False)


def colleague(shop: Shop) -> Model:
    return member(shop, "VIEWER", email=NEW).memberships.get()


def merchant(shop: Shop) -> Model:
    return shop.merchant


INVITED = {"email": NEW, "role": "FINANCE", **WHY}
PEOPLE = [
    Case("merchant", "invite", merchant, INVITED,
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))], acts_again=True),
    Case("membership", "invite", None, {"merchant": "rosewood", **INVITED},
         [("MEMBER_INVITED", NEW, *changed("role", "", "FINANCE"))], acts_again=True),
    Case("membership", "role", colleague, {"role": "FINANCE", **WHY},
         [("ROLE_CHANGED", NEW, *changed("role", "VIEWER", "FINANCE"))]),
    Case("membership", "remove", colleague, WHY,
         [("ROLE_TAKEN", NEW, *changed("role", "VIEWER", ""))]),
    Case("user", "add-operator", None, {"email": NEW, "roles": [ROLE], **WHY},
         [("OPERATOR_ADDED", NEW, {}, {"roles": ROLE})], of_merchant=False),
    Case("user", "roles", person, {"roles": [ROLE], **WHY},
         [("OPERATOR_ROLES_CHANGED", NEW, *changed("roles", "Credit officer", ROLE))],
         of_merchant=False),
    Case("user", "link", person, {}, [("OPERATOR_WRITTEN_TO", NEW, {}, {})],
         of_merchant=False, reason="", acts_again=True),
    Case("user", "second-factors", person, WHY,
         [("SECOND_FACTORS_TAKEN", NEW, *changed("second_factors", "totp", ""))],
         of_merchant=False),
    Case("user", "sessions", person, WHY, [("SESSIONS_ENDED", NEW, {"sessions": 0}, {})],
         of_merchant=False, acts_again=True),
    Case("user", "deactivate", person, WHY,
         [("PERSON_DEACTIVATED", NEW, *changed("may_sign_in", True, False))], of_merchant=False),
    Case("user", "reactivate", kept_out, WHY,
         [("PERSON_REACTIVATED", NEW, *changed("may_sign_in", False, True))], of_merchant=False),
]  # fmt: skip
CASES = [*CREDIT, *BILLING, *PEOPLE]
# These have tests of their own: those with files below, those of jobs in tests/config.
ELSEWHERE = {
    ("withdrawal", "export"),
    ("withdrawal", "answers"),
    ("jobrun", "run"),
    ("jobfailure", "retry"),
}
every_decision = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "timezone", SimpleNamespace(now=lambda: DECIDED_AT))


@pytest.fixture
def sandbox(settings: Settings) -> Settings:
    """Withdrawals are sent by hand while it is not there."""
    settings.TAEL_SANDBOX = False
    return settings


@pytest.fixture
def browser() -> Client:
    return browser_of(UserFactory.create(is_staff=True, is_superuser=True, email=DECIDER))


def page_of(case: Case, row: Model | None) -> str:
    app = next(model for model in admin.site._registry if model._meta.model_name == case.model)
    name = f"admin:{app._meta.app_label}_{case.model}_decide"
    return (
        reverse(name, args=[row.pk, case.name])
        if row
        else reverse(f"{name}_list", args=[case.name])
    )


def test_every_decision_of_the_admin_is_in_a_table() -> None:
    offered = {
        (str(model._meta.model_name), decision.name)
        for model, pages in admin.site._registry.items()
        if isinstance(pages, Deciding)
        for decision in (*pages.decisions, *pages.list_decisions)
    }
    assert offered == {(case.model, case.name) for case in CASES} | ELSEWHERE


def expected(case: Case, shop: Shop, row: Model | None) -> list[Told]:
    named = {
        "row": row,
        "freeze": shop.line.freezes.values_list("pk", flat=True).last(),
        "credit": shop.account.credits.values_list("pk", flat=True).last(),
    }
    return [
        Told(action, subject.format(**named), before, after)
        for action, subject, before, after in case.told
    ]


@every_decision
def test_a_decision_leaves_its_rows_and_leaves_them_once(
    browser: Client, sandbox: Settings, case: Case
) -> None:
    sandbox.TAEL_SANDBOX = case.join is billing.join
    shop = case.join()
    row = case.row(shop) if case.row else None
    assert row is None or row._meta.model_name == case.model
    since = trailed.newest()
    assert browser.post(page_of(case, row), case.said).status_code == 302
    assert trailed.told(since) == expected(case, shop, row)
    for entry in trailed.entries(since):
        assert (entry.actor, entry.at, entry.reason) == (DECIDER, DECIDED_AT, case.reason)
        assert entry.merchant == (shop.merchant if case.of_merchant else None)
    if not case.acts_again:
        again = trailed.newest()
        browser.post(page_of(case, row), case.said)
        assert trailed.told(again) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.said], ids=str)
def test_a_decision_that_is_refused_leaves_none(
    browser: Client, sandbox: Settings, case: Case
) -> None:
    sandbox.TAEL_SANDBOX = case.join is billing.join
    shop = case.join()
    row = case.row(shop) if case.row else None
    since = trailed.newest()
    assert browser.post(page_of(case, row), {}).status_code == 200
    assert trailed.told(since) == []


def test_a_merchants_own_price_and_its_end(browser: Client) -> None:
    shop = billing.join()
    page = "/admin/billing/feeprice/decide/introduce/"
    own = STORAGE | {"merchant": "rosewood", "from_on": "2026-11-04"}
    browser.post(page, own | {"unit_price": "2"})
    browser.post(page, own | {"unit_price": ""})
    assert trailed.told() == [
        ("PRICE_INTRODUCED", "storage", {}, {"unit_price": "2.00 USD", "from": "2026-11-04"}),
        ("PRICE_INTRODUCED", "storage", {"unit_price": "2.00 USD"},
         {"unit_price": "that for everybody", "from": "2026-11-04"}),
    ]  # fmt: skip
    assert [entry.merchant for entry in trailed.entries()] == [shop.merchant] * 2


def test_an_overtaken_review_is_on_the_trail(browser: Client) -> None:
    shop = credit.join()
    review = credit.review(shop)
    limit, approve = CREDIT[0], CREDIT[3]
    browser.post(page_of(limit, shop.line), limit.said)
    since = trailed.newest()
    assert browser.post(page_of(approve, review), approve.said).status_code == 200
    assert trailed.told(since) == [
        ("REVIEW_OVERTAKEN", "review 2026-11-01", *status("PENDING", "VOID"))
    ]


def test_what_goes_to_the_bank_and_what_it_answers(browser: Client) -> None:
    shop = credit.join()
    paid, failed = (withdrawing.withdraw(shop, amount) for amount in ("100.00", "200.00"))
    page = "/admin/credit/withdrawal/decide/{}/"
    since = trailed.newest()
    for _ in range(2):
        browser.post(page.format("export"), {"withdrawals": [paid.pk, failed.pk]})
    batch = Withdrawal.objects.get(pk=paid.pk).batch
    there = "44700.00"
    sent = step(("REQUESTED", "SENT"), (there, there), batch=batch)
    assert trailed.told(since) == [
        ("WITHDRAWAL_SENT", paid.reference, *sent),
        ("WITHDRAWAL_SENT", failed.reference, *sent),
    ]
    since = trailed.newest()
    rows = f"{paid},PAID,B-1,\n{failed},FAILED,,account closed\nW-none,PAID,B-2,\n"
    content = f"reference,status,bank_reference,reason\n{rows}".encode()
    for _ in range(2):
        browser.post(page.format("answers"), {"file": SimpleUploadedFile("a.csv", content)})
    assert trailed.told(since) == [
        ("WITHDRAWAL_PAID", paid.reference,
         *step(("SENT", "PAID"), (there, there), bank_reference="B-1")),
        ("WITHDRAWAL_FAILED", failed.reference,
         *step(("SENT", "FAILED"), (there, "44900.00"))),
    ]  # fmt: skip
    assert [entry.reason for entry in trailed.entries(since)] == ["", "account closed"]
    assert {entry.actor for entry in trailed.entries(since)} == {DECIDER}
