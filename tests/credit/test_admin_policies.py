"""Operators introduce new numbers for the rules of credit."""

from types import SimpleNamespace

import pytest

from backoffice import decision_pages
from credit.models import CreditPolicy
from merchants.models import Proposal
from tests import shops
from tests.amounts import usd
from tests.credit.deciding import DECIDED_AT, address, operator, text
from tests.factories import browser_of, member
from tests.factories import operator as administrator
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

INTRODUCE = "/admin/credit/creditpolicy/decide/introduce/"
NEXT = {
    "currency": "usd",
    "starts_on": "2026-12-01",
    "minimum_limit": "2000",
    "reason": "As agreed for winter.",
}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def newest() -> CreditPolicy:
    """The latest version of the policy in USD."""
    return CreditPolicy.objects.filter(currency="USD").order_by("-version")[0]


def confirmed() -> None:
    """A second administrator confirms the proposal that waits, on its page."""
    page = address(Proposal.objects.get(status="PROPOSED"), "decide", "confirm")
    assert browser_of(administrator("Administrator")).post(page).status_code == 302


def test_an_operator_introduces_new_numbers_once() -> None:
    browser = browser_of(operator("creditpolicy"))
    assert INTRODUCE in text(browser.get("/admin/credit/creditpolicy/"))
    assert browser.get(INTRODUCE).status_code == 200
    before = newest()
    assert browser.post(INTRODUCE, NEXT).status_code == 302
    assert newest() == before
    confirmed()
    policy = newest()
    assert (policy.version, str(policy.starts_on)) == (before.version + 1, "2026-12-01")
    assert policy.minimum_limit == usd(2000)
    assert policy.maximum_limit == before.maximum_limit
    with nothing_changes():
        assert "must be after 2026-12-01" in text(browser.post(INTRODUCE, NEXT))


def test_new_numbers_start_from_those_of_a_version() -> None:
    page = address(newest(), "decide", "introduce")
    browser = browser_of(operator("creditpolicy"))
    initial = browser.get(page).context["form"].initial
    said = {name: str(value) for name, value in initial.items()}
    assert browser.post(page, said | NEXT | {"a_factor": "3"}).status_code == 302
    confirmed()
    assert [str(newest().a_factor), str(newest().b_factor)] == ["3.0000", "1.5000"]


@pytest.mark.parametrize(
    "wrong",
    some(
        [
            {"starts_on": "2026-11-04"},  # today
            {"starts_on": ""},
            {"currency": "XX1"},
            {"rating_weight": "31"},  # the weights no longer add up
            {"step": "0"},
            {"paid_days": "-1"},
            {"a_factor": "much"},
            {"a_factor": "99999999"},
            {"reason": " "},
        ],
        4,
    ),
)
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    browser = browser_of(operator("creditpolicy"))
    with nothing_changes():
        response = browser.post(INTRODUCE, NEXT | wrong)
        assert response.status_code == 200
        assert response.context["form"].errors


def test_who_may_not_introduces_no_numbers() -> None:
    shop = shops.join("2026-11-01 10:00")
    looker, owner = browser_of(operator("creditline")), browser_of(member(shop))
    with nothing_changes():
        assert looker.post(INTRODUCE, NEXT).status_code == 403
        assert INTRODUCE not in text(looker.get("/admin/credit/creditpolicy/"))
        assert owner.post(INTRODUCE, NEXT).status_code in (302, 403)
