"""A merchant asks for a higher limit, or about its limit; an operator answers, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from moneyed import Money

from credit.models import LimitRequest
from credit.operations import limits, requests
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid
from notices import letters
from tests import shops
from tests.amounts import usd
from tests.factories import QuestionFactory, RaiseRequestFactory
from tests.shops import Shop, instant
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-02 10:00")
LATER = instant("2026-11-03 09:00")
OWNER = "owner@silk.example"
OFFICER = "officer@tael.example"

Decision = Callable[[LimitRequest], LimitRequest]


@pytest.fixture
def shop() -> Shop:
    """A shop with a limit of 5,000.00."""
    return shops.join("2026-11-01 10:00", credit_limit="5000.00")


def ask(
    shop: Shop, wanted: str = "8000.00", currency: str = "USD", message: str = "For spring."
) -> LimitRequest:
    """Ask for a raise, in the merchant's name."""
    return RaiseRequestFactory.create(
        shop=shop, at=NOW, limit_wanted=Money(wanted, currency), message=message, actor=OWNER
    )


def ask_question(shop: Shop, message: str = "Why 5,000?") -> LimitRequest:
    """Ask a question, in the merchant's name."""
    return QuestionFactory.create(shop=shop, at=NOW, message=message, actor=OWNER)


def approve(
    request: LimitRequest, limit: Money | None = None, reason: str = "Good sales."
) -> LimitRequest:
    """Grant the raise, in full unless another limit is given."""
    return requests.approve_raise(
        request_id=request.pk, limit=limit, actor=OFFICER, told=reason, reason=reason, now=LATER
    )


def reject(request: LimitRequest, reason: str = "Too early.") -> LimitRequest:
    """Refuse the raise."""
    return requests.reject(
        request_id=request.pk, actor=OFFICER, told=reason, reason=reason, now=LATER
    )


def answer(request: LimitRequest, text: str = "By the last review.") -> LimitRequest:
    """Answer the question."""
    return requests.answer(
        request_id=request.pk, actor=OFFICER, reason="We looked.", told=text, now=LATER
    )


def told(shop: Shop) -> list[str]:
    """The sentences of all notices to the shop."""
    found = shop.merchant.notices.order_by("pk")
    return [letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ") for notice in found]


# --- asking -----------------------------------------------------------------------------------


def test_a_raise_that_is_asked_for_changes_no_limit() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    request = ask(shop, "5000.01")
    request.refresh_from_db()
    assert (request.kind, request.status, request.limit_wanted, request.currency) == (
        "RAISE",
        "PENDING",
        usd("5000.01"),
        "USD",
    )
    assert (request.asked_by, request.asked_at, request.message) == (OWNER, NOW, "For spring.")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")


def test_one_raise_is_asked_for_at_a_time_and_questions_go_beside_it(shop: Shop) -> None:
    ask(shop)
    with nothing_changes(), pytest.raises(requests.RaiseAlreadyAsked):
        ask(shop, "9000.00")
    ask_question(shop)
    ask_question(shop)
    reject(LimitRequest.objects.get(kind="RAISE"))
    assert ask(shop, "9000.00").status == "PENDING"


@pytest.mark.parametrize("wanted", ["5000.00", "4999.99", "0", "-1"])
def test_a_limit_that_is_not_above_the_present_one_is_no_raise(shop: Shop, wanted: str) -> None:
    with (
        nothing_changes(),
        pytest.raises(requests.NotARaise, match=r"present limit of 5000.00"),
    ):
        ask(shop, wanted)


def test_a_limit_in_another_currency_or_with_more_digits_is_refused(shop: Shop) -> None:
    with nothing_changes():
        with pytest.raises(CurrencyMismatch):
            ask(shop, "8000.00", "EUR")
        with pytest.raises(Invalid, match=r"limit_wanted: 8000.001 has more digits than USD"):
            ask(shop, "8000.001")
        with pytest.raises(Invalid, match=r"limit_wanted: .* larger than any amount"):
            ask(shop, "1e15")


@pytest.mark.parametrize("message", ["", "  \n", "x" * 501, "a\0b"])
def test_a_request_says_something_that_can_be_kept(shop: Shop, message: str) -> None:
    with nothing_changes():
        with pytest.raises(Invalid, match=r"^message: "):
            ask(shop, message=message)
        with pytest.raises(Invalid, match=r"^message: "):
            ask_question(shop, message)


# --- answering --------------------------------------------------------------------------------


def test_an_approved_raise_sets_the_limit_and_is_told_once(shop: Shop) -> None:
    request = ask(shop)
    approve(request)
    request.refresh_from_db()
    assert (request.status, request.answer) == ("APPROVED", "Good sales.")
    assert (request.answered_by, request.answered_at) == (OFFICER, LATER)
    assert shop.limit() == ("8000.00", "0.00", "8000.00")
    entry = shop.line.entries.get(kind="LIMIT_SET")
    assert (entry.actor, entry.reason, f"{entry.limit_change.amount:.2f}") == (
        OFFICER,
        "Good sales.",
        "3000.00",
    )
    assert told(shop) == ["Your limit is 8,000.00 USD now: Good sales."]


@pytest.mark.parametrize("limit", ["5000.01", "6000.00", "9000.00"])
def test_an_operator_may_agree_to_another_limit_than_the_one_asked_for(
    shop: Shop, limit: str
) -> None:
    approve(ask(shop), Money(limit, "USD"))
    assert shop.limit()[0] == limit


@pytest.mark.parametrize("limit", ["5000.00", "4000.00", "0.00"])
def test_approving_never_lowers_the_limit(shop: Shop, limit: str) -> None:
    request = ask(shop)
    with nothing_changes(), pytest.raises(requests.NotARaise):
        approve(request, Money(limit, "USD"))


def test_approving_in_another_currency_or_with_more_digits_is_refused(shop: Shop) -> None:
    request = ask(shop)
    with nothing_changes():
        with pytest.raises(CurrencyMismatch):
            approve(request, Money("8000.00", "EUR"))
        with pytest.raises(Invalid, match=r"^limit: "):
            approve(request, Money("8000.005", "USD"))


def test_a_raise_that_the_limit_has_reached_meanwhile_is_not_approved(shop: Shop) -> None:
    request = ask(shop)
    limits.set_limit(
        merchant_id=shop.merchant.pk,
        limit=Money("8000.00", "USD"),
        actor=OFFICER,
        reason="By telephone.",
        now=NOW,
    )
    with nothing_changes(), pytest.raises(requests.NotARaise):
        approve(request)
    assert reject(request).status == "REJECTED"


def test_a_rejected_raise_leaves_the_limit_and_says_why(shop: Shop) -> None:
    request = reject(ask(shop))
    assert (request.status, request.answer) == ("REJECTED", "Too early.")
    assert shop.limit() == ("5000.00", "0.00", "5000.00")
    assert told(shop) == ["Your limit stays at 5,000.00 USD: Too early."]


def test_a_question_is_answered(shop: Shop) -> None:
    request = answer(ask_question(shop))
    assert (request.status, request.answer) == ("ANSWERED", "By the last review.")
    assert told(shop) == ["Our answer: By the last review."]


def test_a_decision_needs_a_reason(shop: Shop) -> None:
    asked, question = ask(shop), ask_question(shop)
    with nothing_changes():
        with pytest.raises(Invalid, match="reason: is missing"):
            approve(asked, reason=" ")
        with pytest.raises(Invalid, match="reason: is missing"):
            reject(asked, "")
        with pytest.raises(Invalid, match="told: is missing"):
            answer(question, "\n")
        with pytest.raises(Invalid, match="reason: must not be longer than 500"):
            approve(asked, reason="x" * 501)


@pytest.mark.parametrize("first", [approve, reject])
@pytest.mark.parametrize("second", [approve, reject])
def test_a_raise_is_decided_once(shop: Shop, first: Decision, second: Decision) -> None:
    request = ask(shop)
    first(request)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        second(request)


def test_a_question_is_answered_once(shop: Shop) -> None:
    request = answer(ask_question(shop))
    with nothing_changes(), pytest.raises(AlreadyDecided):
        answer(request, "On second thoughts.")


def test_a_raise_is_not_answered_like_a_question_nor_the_other_way_round(shop: Shop) -> None:
    asked, question = ask(shop), ask_question(shop)
    with nothing_changes():
        with pytest.raises(requests.UnknownRequest):
            answer(asked)
        with pytest.raises(requests.UnknownRequest):
            approve(question)
        with pytest.raises(requests.UnknownRequest):
            reject(question)
        with pytest.raises(requests.UnknownRequest):
            reject(LimitRequest(pk=question.pk + 1))


@pytest.mark.django_db(transaction=True)
def test_two_operators_decide_at_once_and_one_of_them_does() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    request = ask(shop)
    ready = Barrier(2)

    def decide(decision: Decision) -> str:
        try:
            connection.ensure_connection()
            ready.wait()
            return str(decision(request).status)
        except AlreadyDecided:
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, [approve, reject]))
    assert outcomes in (["APPROVED", "too late"], ["too late", "REJECTED"])
    assert shop.limit()[0] == ("8000.00" if outcomes[0] == "APPROVED" else "5000.00")
    assert shop.merchant.notices.filter(kind="REQUEST_ANSWERED").count() == 1
