"""One of several people who decide about a proposal at the same moment decides it, of any kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from backoffice import decision_pages
from billing.models import BankTransfer
from billing.operations import accounts, issuers, reopening, transfers_moved
from credit.operations import corrections, limits, review_decisions
from credit.operations import policies as credit_policies
from lib.refusals import Refused
from merchants.models import OperatorDecision, Proposal, User
from merchants.operations import operators, policies, proposals
from merchants.proposals import KINDS
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.billing.paying import manual, transfer
from tests.credit.reviewing import DECEMBER, shop_with
from tests.factories import IssuerFactory, OperatorPolicyFactory, browser_of, operator
from tests.test_two_people import BY_NAME, OTHER, TAKE_TWO, nothing_alone, page_of
from tests.threads import at_once, every_order
from tests.trail.trail_case import Case
from tests.two_people import ALONE, ANSWER, OFFICERS, WHY, officer, propose
from tests.unchanged import digests
from tests.whole import some
from trail.models import TrailEntry

# About a merchant.
DECIDES_NOTHING = {"OPERATOR_ROLES", "OPERATOR_POLICY", "CREDIT_POLICY", "ISSUER_BANKS"}
ENDS = {"PROPOSAL_CONFIRMED", "PROPOSAL_WITHDRAWN", "PROPOSAL_REFUSED"}


@dataclass(frozen=True)
class Waiting:
    """What is proposed, as often as it is called, and when it is decided."""

    propose: Callable[[], Proposal]
    at: datetime
    roles: tuple[str, ...] = OFFICERS


def from_its_page(case: Case, settings: Settings) -> Waiting:
    """The proposal that the decision's page has made, waiting for the second person."""
    settings.TAEL_SANDBOX = case.join is billing.join
    nothing_alone()
    shop = case.join()
    row = case.row(shop) if case.row else None
    said = case.said | OTHER.get((case.model, case.name), {})
    first = browser_of(officer(ALONE))
    with transaction.atomic():
        accounts.lock_both(shop.merchant.pk, now=DECIDED_AT)

    def again() -> Proposal:
        assert first.post(page_of(case, row), said).status_code == 302
        return Proposal.objects.get(status="PROPOSED")

    return Waiting(again, DECIDED_AT)


def by_operation(
    operation: Callable[..., Any], at: datetime, roles: tuple[str, ...] = OFFICERS, **said: Any
) -> Waiting:
    """The proposal that this operation has made, waiting for the second person."""
    by = User.objects.filter(email=ALONE).first() or operator(*roles, email=ALONE)
    return Waiting(lambda: propose(operation, now=at, by=by, **said), at, roles)


def review(settings: Settings) -> Waiting:
    """A raise after a review that waits for the second person."""
    shop = shop_with("45000.00", credit_limit="14000.00")
    limits.set_limit(
        merchant_id=shop.line.pk, limit=usd(15_000), actor=ALONE,
        now=shop.at("2026-11-20 10:00"), **WHY,
    )  # fmt: skip
    shop.run_jobs(DECEMBER)
    at = shop.at("2026-12-01 10:00")
    return by_operation(review_decisions.approve, at, review_id=shop.line.reviews.get().pk, **WHY)


def counter_entry(settings: Settings) -> Waiting:
    """A counter-entry that waits for the second person."""
    shop = shops.join("2026-11-01 09:00", settlement_days=0)
    corrected = corrections.correct(
        merchant_id=shop.merchant.pk, amount=usd(60), request_key="f-1", actor=ALONE,
        now=shop.at("2026-11-03 10:00"), **ANSWER,
    )  # fmt: skip
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 4), pay_outs=Decimal(0))
    at = shop.at("2026-11-04 10:00")
    return by_operation(corrections.take_back, at, correction_id=corrected.pk, **ANSWER)


def moved_transfer(settings: Settings) -> Waiting:
    """A transfer to be moved that waits for the second person."""
    settings.TAEL_SANDBOX = True
    shop = manual()
    manual("tallow")
    assert transfer(shop, "2026-11-03 12:00", "39.00") == "new"
    row = BankTransfer.objects.get()
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 4), pay_outs=Decimal(0))
    at = shop.at("2026-11-04 12:00")
    return by_operation(transfers_moved.move, at, transfer_id=row.pk, to="tallow", **ANSWER)


def reopened(settings: Settings) -> Waiting:
    """An account to be reopened that waits for the second person."""
    shop = shops.join("2026-11-01 10:00")
    deciding.close(shop, "2026-11-10 12:00")
    at = shop.at("2026-11-20 09:00")
    return by_operation(reopening.reopen, at, merchant_id=shop.merchant.pk, **WHY)


def version_of(introduce: Callable[..., Any], **figures: Any) -> Waiting:
    """A version of a policy that waits for the second person."""
    return by_operation(
        introduce, DECIDED_AT, ("Administrator",), currency="USD",
        starts_on=date(2026, 12, 1), **figures, **WHY,
    )  # fmt: skip


def new_operator(settings: Settings) -> Waiting:
    """A new operator that waits for the second person."""
    by = operator("Administrator", email=ALONE)
    operator("Administrator", email="ada@tael.example")

    def again() -> Proposal:
        return operators.add(
            email="new@tael.example", roles=["Auditor"], actor=by, now=DECIDED_AT, **WHY
        )

    return Waiting(again, DECIDED_AT, ("Administrator",))


def bank_accounts(settings: Settings) -> Waiting:
    """An issuer's bank accounts that wait for the second person."""
    issuer = IssuerFactory.create()
    banks = {"issuer_id": issuer.pk, "banks": "THB; 999-9; BKKBTHBK; Siam Bank"}
    return by_operation(issuers.change_banks, DECIDED_AT, ("Administrator",), **banks, **WHY)


ELSEWHERE: dict[str, Callable[[Settings], Waiting]] = {
    "REVIEW": review,
    "PROCEEDS_COUNTER_ENTRY": counter_entry,
    "TRANSFER": moved_transfer,
    "REOPENING": reopened,
    "CREDIT_POLICY": lambda settings: version_of(
        credit_policies.introduce, overdue_ratio=Decimal("0.3")
    ),
    "OPERATOR_POLICY": lambda settings: version_of(policies.introduce, credits=Decimal(5)),
    "OPERATOR_ROLES": new_operator,
    "ISSUER_BANKS": bank_accounts,
}
PAGES = {kind: BY_NAME[name] for name, kind in TAKE_TWO.items()}


def test_each_kind_is_raced() -> None:
    assert {*PAGES, *ELSEWHERE} == set(KINDS)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def answer(of: Callable[..., Any], **said: Any) -> str:
    """The status in which it leaves the proposal, or the code of the refusal."""
    try:
        return str(of(**said).status)
    except Refused as refusal:
        return refusal.code


def lapse(proposal_id: int, now: datetime) -> Proposal:
    """Have the proposal lapse if its time is over: it, as it is then."""
    proposals.lapse([proposal_id], now)
    return Proposal.objects.get(pk=proposal_id)


def changed(before: Any) -> set[str]:
    """The tables that differ from these digests."""
    after = digests()
    return {table for table, _ in (before - after) | (after - before)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("kind", some([*PAGES, *ELSEWHERE], every=18))
@every_order
def test_of_all_who_decide_about_a_proposal_at_once_one_does(kind: str, settings: Settings) -> None:
    made = ELSEWHERE[kind](settings) if kind in ELSEWHERE else from_its_page(PAGES[kind], settings)
    people = [operator(*made.roles, email=f"{n}@tael.example") for n in range(3)]
    proposal = made.propose()
    assert proposal.kind == kind
    of = {"proposal_id": proposal.pk, "now": made.at}
    proposer, late = User.objects.get(email=proposal.proposed_by), proposal.lapses_at
    ways: list[Callable[[], str]] = [
        lambda: answer(proposals.confirm, actor=people[0], **of),
        lambda: answer(proposals.confirm, actor=people[1], **of),
        lambda: answer(proposals.refuse, actor=people[2], **of, **WHY),
        lambda: answer(proposals.withdraw, actor=proposer, **of, **WHY),
        lambda: answer(lapse, proposal_id=proposal.pk, now=late),
    ]
    before, since = digests(), TrailEntry.objects.count()
    answers = at_once(lambda number: ways[number](), threads=5)
    proposal.refresh_from_db()
    # Who lapses it sees what became of it, and so says the same as who did it.
    ends = {one for one in answers if one.isupper()}
    assert ends == {proposal.status}
    assert answers[proposal.status] <= 2
    ended = TrailEntry.objects.order_by("pk")[since:]
    assert sum(one.action in ENDS for one in ended) == (proposal.status != "LAPSED")
    if proposal.status != "CONFIRMED":
        assert changed(before) - {"trail_trailentry"} == {"merchants_proposal"}
        of["proposal_id"] = made.propose().pk
        answers = at_once(
            lambda number: answer(proposals.confirm, actor=people[number], **of), threads=3
        )
        assert answers.pop("CONFIRMED") == 1
        assert sum(answers.values()) == 2
    assert Proposal.objects.filter(status="CONFIRMED").count() == 1
    decisions = OperatorDecision.objects.filter(proposal__status="CONFIRMED")
    assert decisions.count() == (kind not in DECIDES_NOTHING)
