"""Two pages of one decision are open: the first decides, and the second is refused, with what has
changed, and changes nothing (rule 22.3).
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from backoffice import decision_pages
from backoffice.decision_pages import Deciding
from backoffice.decisions import Decision
from backoffice.shown import FIELD
from billing.models import AccountChange, FeePrice
from credit.models import CreditLine
from gateway.imports import operations as imports
from gateway.webhooks.operations import endpoints
from merchants.models import User
from tests.billing import deciding
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT, DECIDER, WHY
from tests.factories import (
    ApiKeyFactory,
    DeliveryFactory,
    EndpointFactory,
    ImportFactory,
    JobFailureFactory,
    ReceivedEventFactory,
    browser_of,
    operator,
)
from tests.factories.people import showed
from tests.kept import kept_of
from tests.shops import Shop, ShopFactory
from tests.trail.test_trail_of_decisions import page_of, with_operators
from tests.trail.trail_case import TOLD, Case
from tests.trail.trail_cases import CASES
from tests.trail.trail_cases_people import ANOTHER
from tests.unchanged import nothing_changes
from tests.whole import some

# Decisions whose pages show nothing that they change.
NOTHING_SHOWN = {
    ("merchant", "key"): "a key more changes none that is there",
    ("merchant", "look"): "looking changes nothing",
    ("merchant", "note"): "a note more changes none that is there",
    ("merchant", "invite"): "an invitation more changes none that is there",
    ("user", "link"): "a mail more changes nothing",
    ("user", "sessions"): "whoever is signed in is signed out, however often they were",
}
# What the second page says, where the same again would be no other decision: it is so already, or
# is known by its key or by the bank's reference.
OTHERWISE = {
    ("creditline", "freeze"): {"request_key": "form-10"},
    ("creditline", "correct"): {"request_key": "form-10"},
    ("billingaccount", "credit"): {"request_key": "form-10"},
    ("billingaccount", "charge"): {"request_key": "form-10"},
    ("invoice", "waive"): {"request_key": "form-10"},
    ("invoice", "due-day"): {"due_on": "2026-11-21"},
    ("charge", "credit"): {"request_key": "form-10"},
    ("billingaccount", "threshold"): {"threshold": "30"},
    ("billingaccount", "plan"): {"plan": "greater"},
    ("billingaccount", "time-zone"): {"timezone": "Asia/Tokyo"},
    ("billingaccount", "method"): {"method": "sandbox"},
    ("billingaccount", "transfer"): {"reference": "B-9"},
    ("billingaccount", "give-back"): {"reference": "B-9"},
    ("invoice", "transfer"): {"reference": "B-9"},
    ("banktransfer", "value-date"): {"arrived_on": "2026-11-01"},
    ("merchant", "contacts"): {"contact_name": "Lin"},
    ("membership", "role"): {"role": "OWNER"},
}
# The second page can say nothing else: what it asks for is so already, and nothing is written.
SAID_BY_BOTH = {("billingaccount", "review"), ("billingaccount", "no-review"), ("payment", "ask")}
GONE = {("membership", "remove")}  # the row, with its page
# Rows that do not keep who decided: that is on the trail.
NAMELESS = {"apikey", "import", "receivedevent", "webhookendpoint", "webhookdelivery", "jobfailure"}
NAMELESS |= {"user", "payment", "order", "invitation", "noticemail"}
NAMELESS_DECISIONS = {("invoice", "pay"), ("clearance", "again")}  # of rows that keep others
shop = kept_of("shop")


def pages() -> list[tuple[str, Decision]]:
    """The decisions about a row, by the model."""
    return [
        (str(model._meta.model_name), one)
        for model, of_model in admin.site._registry.items()
        if isinstance(of_model, Deciding)
        for one in of_model.decisions
    ]


def test_each_page_says_what_it_shows_of_what_it_changes() -> None:
    silent = {(model, one.name) for model, one in pages() if one.shown is None}
    # A new version, or price, is also introduced from the list, about no row.
    assert silent == set(NOTHING_SHOWN)


def test_each_decision_about_a_row_is_tried_here() -> None:
    tried = {(case.model, case.name) for case in ABOUT_ROWS} | set(NOTHING_SHOWN)
    from_a_row = {("feeprice", "introduce"), *ABOUT_POLICIES, *ERASED}
    assert tried | from_a_row == {(model, one.name) for model, one in pages()}


# What erases is tried in tests/merchants/test_erasing_people.py and test_erasing_contacts.py.
ERASED = {("user", "erase"), ("merchant", "erase-contacts")}
# New versions wait for a second person, and a price has tests of its own below.
ABOUT_POLICIES = {("creditpolicy", "introduce"), ("operatorpolicy", "introduce")}


def failure(shop: Shop) -> Model:
    """A row that a job failed at."""
    return JobFailureFactory.create(row_id=shop.merchant.pk, merchant=shop.merchant)


def received(shop: Shop) -> Model:
    """A refused event."""
    return ReceivedEventFactory.create(shop=shop, at=billing.BEFORE)


def import_of(shop: Shop) -> Model:
    """A file that waits to be taken in."""
    return ImportFactory.create(shop=shop, at=billing.BEFORE)


def stopped_import(shop: Shop) -> Model:
    """A file that an operator has stopped."""
    file = import_of(shop)
    return imports.stop(import_id=file.pk, actor=ANOTHER, reason="Wait.", now=DECIDED_AT)


def endpoint(shop: Shop) -> Model:
    return EndpointFactory.create()


def endpoint_off(shop: Shop) -> Model:
    """An endpoint of webhooks that an operator has turned off."""
    made = endpoint(shop)
    return endpoints.turn_off(endpoint_id=made.pk, actor=ANOTHER, reason="Wait.", now=DECIDED_AT)


def parked(shop: Shop) -> Model:
    """A delivery of a webhook that was given up after three days."""
    delivery = DeliveryFactory.create(shop=shop, at=billing.BEFORE)
    delivery.status, delivery.ended_at = "PARKED", DECIDED_AT
    delivery.next_attempt_at = None
    delivery.save()
    return delivery


def with_parked(shop: Shop) -> Model:
    """The endpoint of such a delivery."""
    delivery: Any = parked(shop)
    made: Model = delivery.endpoint
    return made


def api_key(shop: Shop) -> Model:
    return ApiKeyFactory.create()


def of_gateway(model: str, name: str, row: Callable[[Shop], Model], **said: Any) -> Case:
    """The case of a decision about a row of the gateway's."""
    return Case(model, name, row, said | WHY, [])


GATEWAY = [
    of_gateway("apikey", "rotate", api_key, overlap_hours="1"),
    of_gateway("apikey", "revoke", api_key),
    of_gateway("receivedevent", "send-again", received),
    of_gateway("import", "stop", import_of),
    of_gateway("import", "resume", stopped_import),
    of_gateway("webhookdelivery", "resend", parked),
    of_gateway("webhookendpoint", "types", endpoint, types=["limit.changed"]),
    of_gateway("webhookendpoint", "secret", endpoint, overlap_hours="1"),
    of_gateway("webhookendpoint", "resend", with_parked),
    of_gateway("webhookendpoint", "off", endpoint),
    of_gateway("webhookendpoint", "on", endpoint_off),
    of_gateway("jobfailure", "retry", failure),
]
ABOUT_ROWS = [
    case for case in (*CASES, *GATEWAY) if case.row and (case.model, case.name) not in NOTHING_SHOWN
]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def told(case: Case, is_left_out: bool) -> Any:
    """The case as a parameter of a test; marked `full` if it is one of those left out usually."""
    marks = [pytest.mark.full] if is_left_out else []
    return pytest.param(with_operators(case.join), case, id=str(case), marks=marks)


# One mechanism keeps them all: `make test` takes one of 21.
every_case = pytest.mark.parametrize(
    ("shop", "case"),
    [told(case, place % 21 != 0) for place, case in enumerate(ABOUT_ROWS)],
    indirect=["shop"],
    scope="module",
)


@pytest.mark.django_db
@every_case
def test_of_two_pages_the_second_changes_nothing_and_then_it_is_history_without_a_form(
    shop: Shop, settings: Settings, case: Case
) -> None:
    """Two pages of one decision are open: one decides, the other is refused, and is none then."""
    settings.TAEL_SANDBOX = case.join is billing.join
    browser = browser_of(User.objects.get(email=DECIDER))
    assert case.row is not None
    row, of = case.row(shop), (case.model, case.name)
    page = page_of(case, row)
    opened = browser.get(page)
    assert 'method="post"' in opened.content.decode()
    first, second = {FIELD: opened.context["showed"]}, showed(browser, page)
    assert first == second != {}
    assert browser.post(page, case.said | first).status_code in (200, 302)
    with nothing_changes(but=["django_admin_log"] if of in SAID_BY_BOTH else []):
        answer = browser.post(page, case.said | OTHERWISE.get(of, {}) | second)
    if of in GONE:
        assert answer.status_code == 404
        return
    if of in SAID_BY_BOTH:
        assert answer.status_code == 302
    else:
        assert answer.status_code == 200
        (said,) = answer.context["form"].non_field_errors()
        assert "when this page was opened, and is" in said
    is_history(case, row, browser)


def is_history(case: Case, row: Any, browser: Client) -> None:
    """Asserts that the page says what became of the row, unless there is more to decide, and that
    who posts there all the same is refused.
    """
    page, of = page_of(case, row), (case.model, case.name)
    again = browser.get(page)
    of_row = admin.site._registry[type(row)]
    assert isinstance(of_row, Deciding)
    (decision,) = (one for one in of_row.decisions if one.name == case.name)
    now = type(row)._default_manager.get(pk=row.pk)
    if decision.is_open(now):
        assert not again.context["became"]
        return
    content = again.content.decode()
    assert FIELD not in content
    assert "novalidate" not in content  # no form but those of the page's frame
    assert str(now) in again.context["became"]
    if case.model not in NAMELESS and of not in NAMELESS_DECISIONS:
        assert f"by {DECIDER} on 04 November 2026, 09:00 UTC" in again.context["became"]
    change = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    assert f'href="{reverse(change, args=[row.pk])}"' in content
    # Who posts there all the same is refused by the operation, by its own name.
    # Its reference or key shows that it is the same once more, so that the history has one line.
    is_known = of in {("billingaccount", "give-back"), ("invoice", "waive")}
    with nothing_changes(but=["django_admin_log"] if of in SAID_BY_BOTH else []):
        refused = Client.post(browser, page, case.said)
    if is_known or of in SAID_BY_BOTH:
        assert refused.status_code == 302
        return
    assert refused.status_code == 200
    (said,) = refused.context["form"].non_field_errors()
    assert "when this page was opened" not in said


def line_of_8000() -> tuple[CreditLine, Client, str]:
    """A line with a limit of 8,000.00, the browser of a credit officer, and the page where its
    limit is set.
    """
    shop = ShopFactory.create(at="2026-11-04 08:00", credit_limit="8000.00")
    officer = browser_of(operator("Credit officer"))
    return shop.line, officer, f"/admin/credit/creditline/{shop.line.pk}/decide/limit/"


@pytest.mark.django_db
def test_the_page_says_what_has_changed_and_a_second_press_is_taken() -> None:
    line, officer, page = line_of_8000()
    first, second = (showed(officer, page) for _ in range(2))
    assert officer.post(page, {"limit": "5000", **WHY, **first}).status_code == 302
    said = {"limit": "9000", "reason": "They sell more."}
    answer = officer.post(page, said | second)
    text = answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "Limit: it was 8,000.00 USD when this page was opened, and is 5,000.00 USD now." in text
    assert 'value="9000"' in text  # what was typed is kept
    assert "They sell more." in text
    anew = {FIELD: answer.context["showed"]}
    assert anew != second
    assert officer.post(page, said | anew).status_code == 302
    line.refresh_from_db()
    assert str(line.limit.amount) == "9000.00"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "carried",
    some([{}, *({FIELD: text} for text in ("", "{", "[]", "null", '{"Limit": 1}', "[" * 5000))], 3),
)
def test_a_page_that_does_not_say_what_it_showed_decides_nothing(carried: dict[str, str]) -> None:
    _line, officer, page = line_of_8000()
    with nothing_changes():
        answer = Client.post(officer, page, {"limit": "5000", **WHY, **carried})
    assert answer.status_code == 200
    (said,) = answer.context["form"].non_field_errors()
    assert said.startswith("This page no longer says what it showed when it was opened.")
    anew = {FIELD: answer.context["showed"]}
    assert officer.post(page, {"limit": "5000", **WHY, **anew}).status_code == 302


@pytest.mark.django_db
def test_what_a_page_says_that_it_showed_is_no_markup() -> None:
    _line, officer, page = line_of_8000()
    answer = officer.post(page, {"limit": "5", **WHY, FIELD: '{"Limit": "<b>8\\u0000</b>"}'})
    assert answer.status_code == 200
    assert "<b>8" not in answer.content.decode()


@pytest.mark.django_db
def test_what_moves_with_every_order_refuses_nothing() -> None:
    line, officer, page = line_of_8000()
    first = showed(officer, page)
    CreditLine.objects.filter(pk=line.pk).update(used="100.00")
    assert officer.post(page, {"limit": "5000", **WHY, **first}).status_code == 302


@pytest.mark.full  # the page says what has changed, above
@pytest.mark.django_db
def test_a_day_that_ends_meanwhile_is_worked_off_and_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An order of 1,000.00 is written off on the day after the page was opened."""
    shop = ShopFactory.create(credit_limit="8000.00")
    shop.place("2026-11-02 10:00", "A-1", "1000.00")
    shop.deliver("2026-11-02 11:00", "A-1")
    shop.run_jobs("2027-02-09 23:00")
    officer = browser_of(operator("Credit officer"))
    page = f"/admin/credit/creditline/{shop.line.pk}/decide/limit/"
    first = showed(officer, page)
    later = shop.at("2027-02-10 09:00")
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: later))
    answer = officer.post(page, {"limit": "9000", **WHY, **first})
    (said,) = answer.context["form"].non_field_errors()
    assert "it was 8,000.00\N{NO-BREAK SPACE}USD" in said
    assert "is 7,000.00\N{NO-BREAK SPACE}USD now" in said
    anew = {FIELD: answer.context["showed"]}
    assert officer.post(page, {"limit": "9000", **WHY, **anew}).status_code == 302


of_billing = pytest.mark.parametrize(
    "shop", [with_operators(billing.join)], indirect=True, scope="module"
)


@pytest.mark.django_db
@of_billing
def test_a_double_click_is_one_decision_and_no_error(shop: Shop) -> None:
    officer = browser_of(User.objects.get(email=DECIDER))
    page = f"/admin/billing/billingaccount/{shop.account.pk}/decide/{{}}/".format
    for name, said in {
        "threshold": {"threshold": "300", **WHY},
        "plan": {"plan": "grand", "price": "9", "interval_days": "90", **WHY},
        "time-zone": {"timezone": "Asia/Bangkok", **WHY},
        "review": WHY,
        "credit": {"fee": "credit-account", "amount": "1", "request_key": "form-1", **WHY, **TOLD},
        "charge": {"fee": "manual-account", "description": "Pallets", "service_on": "2026-11-04",
                   "quantity": "1", "amount": "1", "request_key": "form-1", **WHY, **TOLD},
        "transfer": {"amount": "20.00", "reference": "B-7"},
        "give-back": {"amount": "20.00", "reference": "B-8", **WHY},
    }.items():  # fmt: skip
        content = said | showed(officer, page(name))
        assert officer.post(page(name), content).status_code == 302, name
        changes = AccountChange.objects.count()
        # A key or a reference shows that it is the same once more: then not even the history grows.
        is_known = name in ("credit", "charge", "transfer", "give-back")
        with nothing_changes(but=[] if is_known else ["django_admin_log"]):
            assert officer.post(page(name), content).status_code == 302, name
        assert AccountChange.objects.count() == changes


@pytest.mark.full  # of two pages the second, above
@pytest.mark.django_db
@of_billing
def test_of_two_prices_from_one_page_the_second_is_looked_at_again(shop: Shop) -> None:
    price = deciding.price("storage", "0.02", "2026-10-02")
    officer = browser_of(User.objects.get(email=DECIDER))
    page = f"/admin/billing/feeprice/{price.pk}/decide/introduce/"
    new = {"fee": "storage", "currency": "USD", "merchant": "", "from_on": "2026-11-05", **WHY}
    first, second = (showed(officer, page) for _ in range(2))
    assert officer.post(page, new | {"unit_price": "0.03"} | first).status_code == 302
    with nothing_changes():
        answer = officer.post(page, new | {"unit_price": "0.035"} | second)
    assert "Prices introduced: it was 1 when" in answer.content.decode()
    assert FeePrice.objects.filter(fee="storage").count() == 2
