"""Operators decide in the admin: one operation each, once, with a reason, by who may."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from moneyed import Money

from backoffice import decision_pages
from lib import money
from tests.credit import operator_decisions
from tests.credit.deciding import (
    DECIDED_AT,
    DECIDER,
    WHY,
    address,
    operator,
    text,
)
from tests.credit.operator_decisions import (
    flag,
    freeze,
    large,
    line,
    profile,
    question,
    review,
    sent,
    wanted_raise,
)
from tests.credit.withdrawing import withdraw
from tests.factories import ProfileFactory, UserFactory, browser_of, member
from tests.factories import operator as of_ours
from tests.kept import kept
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


@kept()
def shop() -> Shop:
    """The shop of all decisions about credit (operator_decisions.join)."""
    return operator_decisions.join()


# --- what can be decided ------------------------------------------------------------------------


def by(*names: str) -> Callable[[Model], Any]:
    """Reads these columns of a row, as text."""

    def text(value: Any) -> str:
        return money.full(value) if isinstance(value, Money) else str(value)

    return lambda row: tuple(text(getattr(row, name)) for name in names)


@dataclass(frozen=True)
class Case:
    of: Callable[[Shop], Model]  # the row it is about
    name: str
    said: dict[str, str]
    seen: Callable[[Model], Any]  # of the row afterwards
    expected: Any
    again: str = ""  # the sentence of a second decision; "" where that is none
    needed: tuple[str, ...] = field(default=("reason",))  # what must be said

    def __str__(self) -> str:
        return f"{self.of.__name__}-{self.name}"


ANSWER = WHY | {"told": "We have looked at it."}
SEEN = {"seen": "2026-11-03T10:00:00+00:00"}
decided = by("status", "decided_by")
answered = by("status", "answered_by", "answer")
CASES = [
    Case(line, "limit", {"limit": "16000", **WHY}, by("limit"), ("16000.00 USD",),
         "limit: is 16000.00 already", ("limit", "reason")),
    Case(line, "freeze", {"cause": "SUSPECTED_FRAUD", "request_key": "form-1", **WHY},
         by("freezes_in_force"), ("1",), needed=("cause", "reason")),
    Case(freeze, "lift", WHY, by("lifted_by", "lift_note"), (DECIDER, WHY["reason"]),
         "The freeze was lifted at"),
    Case(review, "approve", WHY, decided, ("APPROVED", DECIDER), "The review of 2026-11-01 is"),
    Case(review, "reject", WHY, decided, ("REJECTED", DECIDER), "The review of 2026-11-01 is"),
    Case(wanted_raise, "approve", ANSWER, answered, ("APPROVED", DECIDER, ANSWER["told"]),
         "is APPROVED already", ("reason", "told")),
    Case(wanted_raise, "reject", ANSWER, answered, ("REJECTED", DECIDER, ANSWER["told"]),
         "is REJECTED already", ("reason", "told")),
    Case(question, "answer", WHY | {"told": "By sales."}, answered,
         ("ANSWERED", DECIDER, "By sales."), "is ANSWERED already", ("reason", "told")),
    Case(flag, "dismiss", WHY, decided, ("DISMISSED", DECIDER), "is DISMISSED already"),
    Case(flag, "confirm", WHY, decided, ("CONFIRMED", DECIDER), "is CONFIRMED already"),
    Case(large, "approve", {}, by("status", "approved_by"), ("APPROVED", DECIDER),
         "is APPROVED by", ()),
    Case(large, "reject", ANSWER, by("status", "ended_by", "reason"),
         ("REJECTED", DECIDER, ANSWER["told"]), "is REJECTED by", ("reason", "told")),
    Case(sent, "paid", {"bank_reference": "B-77"}, by("status", "ended_by", "provider_reference"),
         ("PAID", DECIDER, "B-77"), "is PAID by", ("bank_reference",)),
    Case(sent, "failed", ANSWER, by("status", "ended_by", "reason"),
         ("FAILED", DECIDER, ANSWER["told"]), "is FAILED by", ("reason", "told")),
    Case(profile, "confirm-contacts", SEEN, by("contacts_standing"), ("CONFIRMED",),
         "contacts is CONFIRMED already", ("seen",)),
    Case(profile, "reject-contacts", SEEN | ANSWER, by("contacts_standing"), ("REJECTED",),
         "contacts is REJECTED already", ("seen", "reason", "told")),
    Case(profile, "reject-licence", SEEN | ANSWER, by("licence_standing"), ("REJECTED",),
         "licence is REJECTED already", ("seen", "reason", "told")),
    Case(profile, "confirm-licence", SEEN, by("licence_standing"), ("CONFIRMED",),
         "licence is CONFIRMED already", ("seen",)),
]  # fmt: skip
# The page is one for all: `make test` takes every third decision, and tries what else there is to
# try at every sixth.
every_sixth_decision = pytest.mark.parametrize("case", some(CASES, 6), ids=str)
every_twelfth_decision = pytest.mark.parametrize("case", some(CASES, 12), ids=str)


@every_sixth_decision
def test_an_operator_decides_once(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    browser = browser_of(operator(row._meta.model_name or ""))
    page = address(row, "decide", case.name)
    assert page in text(browser.get(address(row, "change")))
    with nothing_changes():
        assert "Rosewood Dresses" in text(browser.get(page))
    response = browser.post(page, case.said)
    assert (response.status_code, response.headers["Location"]) == (302, address(row, "change"))
    row.refresh_from_db()
    assert case.seen(row) == case.expected
    if case.again:
        with nothing_changes():
            response = browser.post(page, case.said)
            assert response.status_code == 200
            assert case.again in text(response)
        assert case.name == "limit" or page not in text(browser.get(address(row, "change")))


@every_twelfth_decision
def test_what_must_be_said_is_asked_for(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    browser = browser_of(operator(row._meta.model_name or ""))
    for missing in case.needed:
        for said in ({}, {missing: "  "}):
            content = {name: value for name, value in case.said.items() if name != missing} | said
            with nothing_changes():
                response = browser.post(address(row, "decide", case.name), content)
            assert response.status_code == 200
            assert response.context["form"].errors


@every_twelfth_decision
def test_who_may_not_change_such_rows_decides_nothing(shop: Shop, case: Case) -> None:
    row = case.of(shop)
    page = address(row, "decide", case.name)
    looker, owner = browser_of(operator("order")), browser_of(member(shop))
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    with nothing_changes():
        assert page not in text(looker.get(address(row, "change")))
        assert looker.get(page).status_code == 403
        assert looker.post(page, case.said).status_code == 403
        for stranger in (owner, Client()):
            response = stranger.post(page, case.said)
            assert response.status_code in (302, 403)
        assert forged.post(page, case.said).status_code == 403


def test_superusers_and_administrators_decide_nothing_about_credit(shop: Shop) -> None:
    page = address(shop.line, "decide", "limit")
    root = UserFactory.create(is_staff=True, is_superuser=True)
    for person in (root, of_ours("Administrator")):
        browser = browser_of(person)
        with nothing_changes():
            assert browser.post(page, {"limit": "1000", **WHY}).status_code == 403


@pytest.mark.parametrize("page", [("decide", "nonsense"), ("download", "nonsense")])
def test_there_is_no_other_decision(shop: Shop, page: tuple[str, str]) -> None:
    browser = browser_of(operator("creditline"))
    assert browser.post(address(shop.line, *page), WHY).status_code == 404
    assert browser.post("/admin/credit/creditline/999999/decide/limit/", WHY).status_code == 404
    assert browser.post("/admin/credit/creditline/decide/limit/", WHY).status_code == 404


@pytest.mark.parametrize("limit", some(["-1", "1.001", "NaN", "1e30", "many", "15000"], 3))
def test_a_limit_that_cannot_be_is_refused(shop: Shop, limit: str) -> None:
    browser = browser_of(operator("creditline"))
    with nothing_changes():
        response = browser.post(
            address(shop.line, "decide", "limit"), {"limit": limit, "reason": "why"}
        )
        assert response.status_code == 200
        assert response.context["form"].errors


def test_no_operator_places_a_rules_freeze(shop: Shop) -> None:
    browser = browser_of(operator("creditline"))
    with nothing_changes():
        said = {"cause": "OVERDUE", "request_key": "form-1", **WHY}
        assert browser.post(address(shop.line, "decide", "freeze"), said).status_code == 200


def test_a_raise_to_another_limit(shop: Shop) -> None:
    row = wanted_raise(shop)
    browser = browser_of(operator("limitrequest"))
    browser.post(address(row, "decide", "approve"), {"limit": "17000", **ANSWER})
    assert shop.limit()[0] == "17000.00"


def test_an_overtaken_review_says_so_and_is_marked(shop: Shop) -> None:
    row = review(shop)
    browser = browser_of(operator("limitreview"))
    for order in shop.line.orders.filter(amount=15000)[:2]:  # 15,000 paid are left of 45,000
        assert shop.refund("2026-11-03 10:00", order.reference, "15000.00") == "applied"
    response = browser.post(address(row, "decide", "approve"), WHY)
    assert "No raise could be given any more" in text(response)
    row.refresh_from_db()
    assert decided(row) == ("VOID", DECIDER)
    assert shop.limit()[0] == "15000.00"


@pytest.mark.full  # an overtaken one is above
def test_a_review_that_another_limit_has_ended_is_not_decided(shop: Shop) -> None:
    row = review(shop)
    browser = browser_of(operator("limitreview", "creditline"))
    browser.post(address(shop.line, "decide", "limit"), {"limit": "16000", **WHY})
    response = browser.post(address(row, "decide", "approve"), WHY)
    assert "The review of 2026-11-01 is No longer applies" in text(response)
    row.refresh_from_db()
    assert decided(row) == ("VOID", DECIDER)
    assert shop.limit()[0] == "16000.00"


@pytest.mark.full  # operations refuse it in test_profiles.py
def test_a_profile_changed_meanwhile_is_looked_at_again(shop: Shop) -> None:
    row = profile(shop)
    browser = browser_of(operator("profile"))
    ProfileFactory.create(shop=shop, at=DECIDED_AT, fields={"contact_name": "Another"})
    with nothing_changes():
        response = browser.post(address(row, "decide", "confirm-contacts"), SEEN)
        assert "it was changed meanwhile" in text(response)
    page = browser.get(address(row, "decide", "confirm-contacts"))
    seen = {"seen": page.context["form"].initial["seen"]}
    assert browser.post(address(row, "decide", "confirm-contacts"), seen).status_code == 302


def test_the_licence_is_there_to_be_looked_at(shop: Shop) -> None:
    row = profile(shop)
    response = browser_of(operator("profile")).post(address(row, "download", "licence"), WHY)
    entry = TrailEntry.objects.get(action="LICENCE_DOWNLOADED")
    assert (entry.actor, entry.merchant, entry.reason) == (DECIDER, shop.merchant, WHY["reason"])
    assert response.content == b"%PDF-1.7 licence"
    assert response.headers["Content-Disposition"] == 'attachment; filename="licence.pdf"'
    assert browser_of(member(shop)).get(address(row, "download", "licence")).status_code != 200


def test_who_asked_for_a_withdrawal_does_not_approve_it(shop: Shop) -> None:
    row = withdraw(shop, "20000.00", actor=DECIDER)
    browser = browser_of(operator("withdrawal"))
    with nothing_changes():
        response = browser.post(address(row, "decide", "approve"))
        assert "was requested by olga@tael.example" in text(response)
