"""Every decision of the admin leaves its rows on the trail when it is taken, and none when not."""

from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from backoffice import decision_pages
from backoffice.decision_pages import Deciding
from credit.models import PayoutAnswerFile, Withdrawal
from credit.queries import payout_answers
from credit.tasks import take_payout_answers
from merchants import roles
from merchants.models import User
from tests import trailed
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT, DECIDER
from tests.credit import operator_decisions as credit
from tests.credit import withdrawing
from tests.factories import browser_of, operator
from tests.kept import kept_of
from tests.shops import Shop
from tests.trail.trail_case import Case, status, step
from tests.trail.trail_cases import CASES
from tests.trail.trail_cases_billing import STORAGE
from tests.trail.trail_cases_credit import CREDIT
from tests.trail.trail_cases_people import ANOTHER
from tests.trailed import Told

pytestmark = pytest.mark.django_db

# These have tests of their own: those with files below, those of jobs in tests/config, those of
# the API, of imports, of webhooks and of adding a merchant in tests/gateway, that of a bank's file
# in tests/billing/test_bank_pages.py.
ELSEWHERE = {
    ("withdrawal", "export"),
    ("withdrawal", "answers"),
    ("jobrun", "run"),
    ("jobfailure", "retry"),
    ("apikey", "make"),
    ("apikey", "rotate"),
    ("apikey", "revoke"),
    ("bankfile", "upload"),
    ("import", "upload"),
    ("import", "stop"),
    ("import", "resume"),
    ("receivedevent", "send-again"),
    ("merchant", "add"),
    ("webhookdelivery", "resend"),
    ("merchant", "key"),
    ("merchant", "look"),
    # Their rows name a pseudonym: tests/merchants/test_erasing_people.py and its neighbours.
    ("user", "erase"),
    ("merchant", "erase-contacts"),
    *(("erasure", name) for name in ("buyer", "buyer-data", "address", "address-data")),
    *(("erasure", name) for name in ("payer", "payer-data")),
    *(("webhookendpoint", name) for name in ("add", "types", "secret", "resend", "off", "on")),
}
shop = kept_of("shop")


@cache  # neighbours give the same function, and so share what it writes
def with_operators(join: Callable[[], Shop]) -> Callable[[], Shop]:
    """A function that writes what `join` writes, and besides it an administrator and somebody who
    has all roles at once, as nobody has.
    """

    def write() -> Shop:
        operator("Administrator", email=ANOTHER)
        browser_of(operator(*roles.names(), email=DECIDER))
        return join()

    return write


def each(cases: Iterable[Case], every: int = 1) -> pytest.MarkDecorator:
    """Each case with its shop, which neighbours share; `make test` takes one of so many."""
    told = [
        pytest.param(
            with_operators(case.join),
            case,
            id=str(case),
            marks=[pytest.mark.full] if place % every else [],
        )
        for place, case in enumerate(cases)
    ]
    return pytest.mark.parametrize(("shop", "case"), told, indirect=["shop"], scope="module")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@pytest.fixture
def sandbox(settings: Settings) -> Settings:
    """Withdrawals are sent by hand while it is not there."""
    settings.TAEL_SANDBOX = False
    return settings


@pytest.fixture
def browser(shop: Shop) -> Client:
    """The browser of somebody with all roles at once, as nobody has."""
    return browser_of(User.objects.get(email=DECIDER))


def page_of(case: Case, row: Model | None) -> str:
    """The address of the case's decision, about a row or none."""
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
    """What the case foresees on the trail, with the keys of its rows filled in."""
    named = {
        "row": row,
        "freeze": shop.line.freezes.values_list("pk", flat=True).last(),
        "correction": shop.line.proceeds_corrections.values_list("pk", flat=True).last(),
        "credit": shop.account.credits.values_list("pk", flat=True).last(),
    }
    return [
        Told(action, subject.format(**named), before, after)
        for action, subject, before, after in case.told
    ]


@each(CASES, every=20)
def test_a_decision_leaves_its_rows_and_leaves_them_once(
    shop: Shop, browser: Client, sandbox: Settings, case: Case
) -> None:
    sandbox.TAEL_SANDBOX = case.join is billing.join
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


@each([case for case in CASES if case.said], every=30)
def test_a_decision_that_is_refused_leaves_none(
    shop: Shop, browser: Client, sandbox: Settings, case: Case
) -> None:
    sandbox.TAEL_SANDBOX = case.join is billing.join
    row = case.row(shop) if case.row else None
    since = trailed.newest()
    assert browser.post(page_of(case, row), {}).status_code == 200
    assert trailed.told(since) == []


@pytest.mark.parametrize("shop", [with_operators(billing.join)], indirect=True)
def test_a_merchants_own_price_and_its_end(shop: Shop, browser: Client) -> None:
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


@pytest.mark.parametrize("shop", [with_operators(credit.join)], indirect=True)
def test_an_overtaken_review_is_on_the_trail(shop: Shop, browser: Client) -> None:
    review = credit.review(shop)
    for order in shop.line.orders.filter(amount=15000)[:2]:  # 15,000 paid are left of 45,000
        assert shop.refund(withdrawing.NOW, order.reference, "15000.00") == "applied"
    approve, since = CREDIT[3], trailed.newest()
    assert browser.post(page_of(approve, review), approve.said).status_code == 200
    assert trailed.told(since) == [
        ("REVIEW_OVERTAKEN", "review 2026-11-01", *status("PENDING", "VOID"))
    ]


@pytest.mark.parametrize("shop", [with_operators(credit.join)], indirect=True)
def test_what_goes_to_the_bank_and_what_it_answers(shop: Shop, browser: Client) -> None:
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
    files = list(PayoutAnswerFile.objects.order_by("pk"))
    take_payout_answers(payout_answers.to_take(DECIDED_AT), DECIDED_AT)
    assert trailed.told(since) == [
        *(("BANK_ANSWERS_UPLOADED", file.name, {}, {"rows": 3}) for file in files),
        ("WITHDRAWAL_PAID", paid.reference,
         *step(("SENT", "PAID"), (there, there), bank_reference="B-1")),
        ("WITHDRAWAL_FAILED", failed.reference,
         *step(("SENT", "FAILED"), (there, "44900.00"))),
    ]  # fmt: skip
    assert [entry.reason for entry in trailed.entries(since)] == ["", "", "", "account closed"]
    assert {entry.actor for entry in trailed.entries(since)} == {DECIDER}
