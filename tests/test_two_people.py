"""What is above the figures of the policies waits for a second person, and then is done as ever."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from backoffice import decision_pages
from billing.models import AccountChange, FeePrice, UnappliedEntry
from billing.operations import (
    accounts,
    credits,
    prices,
    reversals,
    terms,
    thresholds,
    transfers,
    transfers_moved,
)
from credit.models import UnmatchedSettlement
from credit.operations import corrections, freezes, limits, unmatched
from jobs.timetable import job_named
from lib import money
from lib.refusals import ChangedMeanwhile, Invalid, Refused
from merchants.models import OperatorDecision, OperatorPolicy, Proposal, User
from merchants.operations import proposals, two_people
from merchants.operations.proposals import ProposalWaits
from tests import shops
from tests.amounts import usd
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.credit import unmatching
from tests.factories import (
    CreditRequestFactory,
    OperatorPolicyFactory,
    ThresholdRequestFactory,
    browser_of,
    operator,
)
from tests.shops import HIGH, Shop, instant
from tests.text import text_of
from tests.threads import at_once
from tests.trail.trail_cases import CASES, Case
from tests.two_people import confirm, found_alone, officer, propose
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

WHY: dict[str, Any] = {"reason": "I have looked at it."}
ANSWER: dict[str, Any] = WHY | {"told": "We have looked at it."}
ALONE, SECOND = "olga@tael.example", "otto@tael.example"
WAITS = ["merchants_proposal", "trail_trailentry", "django_admin_log"]


@pytest.fixture(autouse=True)
def officers(db: None) -> None:
    for email in (ALONE, SECOND):
        officer(email)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def nothing_alone() -> None:
    """Until 3 November one operator decides whatever there is, and from the 4th on nothing."""
    figures = OperatorPolicy.figure_names()
    OperatorPolicyFactory.create(**dict.fromkeys(figures, HIGH))
    OperatorPolicyFactory.create(
        version=2, starts_on=date(2026, 11, 4), **dict.fromkeys(figures, Decimal(0))
    )


# --- each decision, by two people and never by one ------------------------------------------------

OTHER: dict[tuple[str, str], dict[str, str]] = {
    ("creditline", "limit"): {"limit": "30000.01"},
    ("limitrequest", "approve"): {"limit": "100000.01"},
    ("billingaccount", "threshold"): {"threshold": "200.01"},
}
TAKE_TWO = [
    ("creditline", "limit"),
    ("limitrequest", "approve"),
    ("orderpayment", "release"),
    ("orderpayment", "return"),
    ("billingcredit", "approve"),
    ("billingaccount", "credit"),
    ("billingaccount", "charge"),
    ("invoice", "waive"),
    ("charge", "credit"),
    ("thresholdrequest", "approve"),
    ("billingaccount", "threshold"),
    ("billingaccount", "pay-out"),
    ("billingaccount", "give-back"),
    ("reversal", "accept"),
    ("feeprice", "introduce"),
]


BY_NAME = {(case.model, case.name): case for case in CASES}


def page_of(case: Case, row: Model | None) -> str:
    app = "credit" if case.model in ("creditline", "limitrequest", "orderpayment") else "billing"
    name = f"admin:{app}_{case.model}_decide"
    if row is None:
        return reverse(f"{name}_list", args=[case.name])
    return reverse(name, args=[row.pk, case.name])


def decide(browser: Client, proposal: Proposal, what: str = "confirm") -> Any:
    return browser.post(reverse("admin:merchants_proposal_decide", args=[proposal.pk, what]), WHY)


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("case", [BY_NAME[name] for name in TAKE_TWO], ids=str)
def test_one_person_proposes_it_and_only_another_one_of_that_role_does_it(
    case: Case, settings: Any
) -> None:
    settings.TAEL_SANDBOX = case.join is billing.join
    nothing_alone()
    shop = case.join()
    row = case.row(shop) if case.row else None
    said = case.said | OTHER.get((case.model, case.name), {})
    first, second = browser_of(officer(ALONE)), browser_of(officer(SECOND))
    with transaction.atomic():  # days that have ended are worked off by whoever comes first
        accounts.lock_both(shop.merchant.pk, now=DECIDED_AT)
    with nothing_changes(but=WAITS):
        assert first.post(page_of(case, row), said).status_code == 302
    proposal = Proposal.objects.get()
    assert (proposal.status, proposal.proposed_by) == ("PROPOSED", ALONE)
    others = [browser_of(operator(role)) for role in ("Auditor", "Administrator")]
    with nothing_changes(but=["django_admin_log"]):
        assert first.post(page_of(case, row), said).status_code == 302
    with nothing_changes():
        assert "somebody else has to confirm it" in text_of(decide(first, proposal))
        assert [decide(other, proposal).status_code for other in others] == [403, 403]
    assert decide(second, proposal).status_code == 302
    proposal.refresh_from_db()
    assert (proposal.status, proposal.decided_by) == ("CONFIRMED", SECOND)
    decided = OperatorDecision.objects.get(proposal=proposal)
    assert (decided.actor, decided.day) == (SECOND, date(2026, 11, 4))


@pytest.mark.usefixtures("today")
def test_the_page_says_so_and_the_home_page_shows_what_waits() -> None:
    nothing_alone()
    shop = billing.join()
    first, second = browser_of(officer(ALONE)), browser_of(officer(SECOND))
    page = reverse("admin:billing_billingaccount_decide", args=[shop.account.pk, "threshold"])
    assert "waits for a second person to confirm it" in text_of(first.get(page))
    said = text_of(first.post(page, {"threshold": "250", **WHY}, follow=True))
    assert "Nothing has changed yet: this takes a second person." in said
    assert "until 11 November 2026" in said
    assert "Credits, pay-outs, thresholds and prices to confirm" in text_of(second.get("/admin/"))
    confirming = reverse(
        "admin:merchants_proposal_decide", args=[Proposal.objects.get().pk, "confirm"]
    )
    assert (
        "Threshold threshold: 200.00 USD → 250.00 USD Proposed by"
        f" {ALONE}: I have looked at it." in text_of(second.get(confirming))
    )


def test_the_second_person_sees_what_it_costs_now_and_what_the_merchant_is_told(
    settings: Any,
) -> None:
    settings.TAEL_SANDBOX = True
    nothing_alone()
    shop = billing.join()
    price = {"fee": "storage", "currency": "USD", "from_on": date(2026, 11, 10), **WHY}
    general = propose(prices.introduce, unit_price=Decimal("0.5"), now=DECIDED_AT, **price)
    confirm(general, now=DECIDED_AT)
    own = propose(
        prices.introduce, unit_price=Decimal(2), merchant_id=shop.merchant.pk, now=DECIDED_AT,
        **price,
    )  # fmt: skip
    reversal = billing.reversed_payment(shop)
    told: dict[str, Any] = {"reversal_id": reversal.pk, "seen": reversal.seen}
    with nothing_changes(), pytest.raises(Invalid):
        two_people.decide(
            reversals.accept, told | {"message": " "} | WHY, actor=officer(ALONE), now=DECIDED_AT
        )
    accepted = propose(
        reversals.accept, message="You need not pay it.", now=DECIDED_AT, **told, **WHY
    )
    second = browser_of(officer(SECOND))

    def page(proposal: Proposal) -> str:
        name = "admin:merchants_proposal_decide"
        return text_of(second.get(reverse(name, args=[proposal.pk, "confirm"])))

    assert "from: 2026-11-10 unit price: 0.50 USD, as for everybody → 2.00 USD" in page(own)
    assert "told to merchant: You need not pay it." in page(accepted)
    listed = text_of(second.get(reverse("admin:merchants_proposal_changelist")))
    assert "Price of storage in USD for merchant rosewood" in listed


def test_an_officer_of_the_other_book_does_not_confirm_it() -> None:
    nothing_alone()
    shop = billing.join()
    proposal = propose(
        limits.set_limit, merchant_id=shop.line.pk, limit=usd(20_000), now=DECIDED_AT, **WHY
    )
    other = browser_of(operator("Billing officer"))
    with nothing_changes():
        assert decide(other, proposal).status_code == 403
    assert confirm(proposal, now=DECIDED_AT, by=operator("Credit officer")).status == "CONFIRMED"
    assert shop.limit()[0] == "20000.00"


def test_who_asked_for_it_does_not_confirm_it() -> None:
    nothing_alone()
    shop = billing.join()
    request = ThresholdRequestFactory.create(shop=shop, at=billing.BEFORE, actor=SECOND)
    proposal = propose(thresholds.approve, request_id=request.pk, now=DECIDED_AT, **ANSWER)
    with nothing_changes(), pytest.raises(Refused) as refused:
        confirm(proposal, now=DECIDED_AT)
    assert refused.value.code == "same_person"
    third = operator("Billing officer", email="third@tael.example")
    confirm(proposal, now=DECIDED_AT, by=third)
    assert money.text(shop.account.threshold) == "500.00"


def test_after_seven_days_it_lapses_and_the_proposer_is_told() -> None:
    nothing_alone()
    shop = billing.join()
    proposal = propose(
        credits.grant, merchant_id=shop.account.pk, fee="credit-account", amount=usd(5),
        request_key="f-1", now=DECIDED_AT, **ANSWER,
    )  # fmt: skip
    at = DECIDED_AT + timedelta(days=7)
    with nothing_changes(), pytest.raises(proposals.Lapsed):
        confirm(proposal, now=at)
    job_named("lapse-proposals").run_here(at)
    proposal.refresh_from_db()
    assert proposal.status == "LAPSED"
    (letter,) = mail.outbox
    assert letter.to == [ALONE]
    assert "nothing has changed" in letter.body.replace("\n", " ")
    assert not shop.account.credits.exists()


def test_what_changed_meanwhile_is_not_confirmed() -> None:
    nothing_alone()
    shop = billing.join()
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    to_confirm = propose(limits.set_limit, limit=usd(11_000), now=DECIDED_AT, **of, **WHY)
    limits.set_limit(limit=usd(1000), actor=ALONE, now=DECIDED_AT, **of, **WHY)
    with nothing_changes(), pytest.raises(ChangedMeanwhile):
        confirm(to_confirm, now=DECIDED_AT)
    to_confirm = propose(thresholds.change, threshold=usd(900), now=DECIDED_AT, **of, **WHY)
    thresholds.change(threshold=usd(100), actor=ALONE, now=DECIDED_AT, **of, **WHY)
    with nothing_changes(), pytest.raises(ChangedMeanwhile):
        confirm(to_confirm, now=DECIDED_AT)


def test_one_proposal_about_the_same_waits_whatever_its_kind() -> None:
    nothing_alone()
    shop = billing.join()
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    first = propose(limits.set_limit, limit=usd(11_000), now=DECIDED_AT, **of, **WHY)
    again = propose(limits.set_limit, limit=usd(11_000), now=DECIDED_AT, **of, **WHY)
    assert again == first
    with nothing_changes(), pytest.raises(ProposalWaits):
        propose(limits.set_limit, limit=usd(12_000), now=DECIDED_AT, **of, **WHY)
    other = shops.join("2026-11-01 10:00", "oak")
    assert propose(
        limits.set_limit, merchant_id=other.line.pk, limit=usd(12_000), now=DECIDED_AT, **WHY
    ).waits


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_one_counts() -> None:
    nothing_alone()
    shop = billing.join()
    proposal = propose(
        credits.grant, merchant_id=shop.account.pk, fee="credit-account", amount=usd(5),
        request_key="f-1", now=DECIDED_AT, **ANSWER,
    )  # fmt: skip
    people = [operator("Billing officer", email=f"{n}@tael.example") for n in range(4)]

    def one(number: int) -> str:
        try:
            return str(confirm(proposal, now=DECIDED_AT, by=people[number]).status)
        except Refused as refusal:
            return refusal.code

    assert at_once(one, threads=4) == {"CONFIRMED": 1, "already_decided": 3}
    assert shop.figures() == ("25.00", "0.00")
    assert OperatorDecision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_proposals_at_once_one_waits() -> None:
    nothing_alone()
    shop = billing.join()
    people = [operator("Credit officer", email=f"{n}@tael.example") for n in range(4)]

    def one(number: int) -> str:
        try:
            return str(
                propose(
                    limits.set_limit, merchant_id=shop.line.pk, limit=usd(20_000 + number),
                    now=DECIDED_AT, by=people[number], **WHY,
                ).status
            )  # fmt: skip
        except Refused as refusal:
            return refusal.code

    assert at_once(one, threads=4) == {"PROPOSED": 1, "proposal_waits": 3}


# --- by which figures -----------------------------------------------------------------------------


def test_without_a_policy_each_of_them_takes_two() -> None:
    shop = shops.ShopFactory.create(one_decides=False)
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk, "now": DECIDED_AT}
    propose(thresholds.change, threshold=usd("200.01"), **of, **WHY)
    propose(
        credits.grant, fee="credit-account", amount=usd("0.01"), request_key="f", **of, **ANSWER
    )
    propose(
        prices.introduce, fee="storage", currency="USD", unit_price=Decimal(0),
        from_on=date(2026, 11, 6), now=DECIDED_AT, **WHY,
    )  # fmt: skip
    assert not OperatorDecision.objects.exists()


def test_example_19_by_the_sum_of_a_day() -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", timezone="Asia/Bangkok")
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(3000), reference="B-1", actor=ALONE,
        now=shop.at("2026-11-02 10:00"),
    )  # fmt: skip

    def give_back(at: str, reference: str) -> Any:
        back = {"amount": usd(600), "reference": reference, "merchant_id": shop.account.pk}
        return two_people.decide(
            transfers.give_back, back | WHY, actor=officer(ALONE), now=shop.at(at)
        )

    assert isinstance(give_back("2026-11-04 00:00", "B-2"), UnappliedEntry)
    second = give_back("2026-11-04 23:59", "B-3")
    assert isinstance(second, Proposal)
    assert isinstance(give_back("2026-11-05 00:00", "B-4"), UnappliedEntry)
    assert shop.account.unapplied == usd(1800)
    # What two people confirm counts for its day, too.
    confirm(second, now=shop.at("2026-11-06 10:00"))
    assert isinstance(give_back("2026-11-06 11:00", "B-5"), Proposal)
    assert shop.account.unapplied == usd(1200)


def test_pay_outs_of_both_books_are_one_sum() -> None:
    OperatorPolicyFactory.create(pay_outs=Decimal(60))
    shop = unmatching.shop_with_unmatched_cash()
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(100), reference="B-1", actor=ALONE,
        now=shop.at(unmatching.NOW),
    )  # fmt: skip
    unmatching.settle(shop, "release", "30.00")
    back: dict[str, Any] = {
        "merchant_id": shop.account.pk,
        "reference": "B-2",
        "now": shop.at(unmatching.NOW),
    }
    propose(transfers.give_back, amount=usd("30.01"), **back, **WHY)
    transfers.give_back(amount=usd(30), actor=ALONE, **back, **WHY)
    paid_out = OperatorDecision.objects.filter(what="pay_outs").values_list("figure", flat=True)
    assert list(paid_out) == [30, 30]


@pytest.mark.parametrize(
    ("first", "then", "takes_two"),
    [
        ("1.00", "2.00", False),
        ("1.00", "2.000001", True),
        ("1.00", "0.50", False),
        ("1.00", "0.499999", True),
        ("0", "0.000001", True),
        ("900", "1000.000001", True),  # above the figure, though not far from the one before
    ],
)
def test_a_price_takes_two_when_it_is_far_from_the_one_in_force(
    first: str, then: str, takes_two: bool
) -> None:
    OperatorPolicyFactory.create()
    officer(ALONE)

    def introduce(price: str, at: str) -> Any:
        said = {"fee": "storage", "currency": "USD", "unit_price": Decimal(price), **WHY}
        return two_people.decide(
            prices.introduce, said | {"from_on": date(2026, 11, 20)}, actor=officer(ALONE),
            now=instant(at),
        )  # fmt: skip

    assert isinstance(introduce(first, "2026-11-10 10:00"), FeePrice)
    assert isinstance(introduce(then, "2026-11-11 10:00"), Proposal) is takes_two


def test_a_price_gets_no_further_in_several_steps_of_a_day() -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00")
    introduced = []
    for day, price in ((1, "1.00"), (10, "1.90"), (10, "3.60"), (11, "3.60")):
        said = {
            "fee": "storage", "currency": "USD", "unit_price": Decimal(price), **WHY,
            "from_on": date(2026, 11, day), "merchant_id": shop.merchant.pk,
        }  # fmt: skip
        outcome = two_people.decide(
            prices.introduce, said, actor=officer(ALONE), now=shop.at(f"2026-11-{day:02} 12:00")
        )
        introduced.append(type(outcome).__name__)
        if isinstance(outcome, Proposal):
            proposals.withdraw(
                proposal_id=outcome.pk, actor=officer(ALONE), now=shop.at("2026-11-10 13:00"), **WHY
            )
    assert introduced == ["FeePrice", "FeePrice", "Proposal", "FeePrice"]


@pytest.mark.parametrize("timezone", ["Asia/Bangkok", "America/New_York"])
def test_the_audit_compares_prices_as_they_were_compared(timezone: str) -> None:
    """It finds each of these that one person could not have introduced, and no other."""
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", timezone=timezone)
    steps: list[tuple[str, int, str | None, str | None, bool]] = [
        # introduced at, of whom, price, from; whether it takes two
        ("2026-11-02 10:00", 0, "1.00", "2026-11-03", False),
        ("2026-11-02 11:00", 1, "2.00", "2026-11-03", False),  # by the general one
        ("2026-11-10 00:00", 1, "3.90", "2026-11-10", False),
        ("2026-11-10 23:59", 1, "4.01", "2026-11-10", True),  # as the day began it was 2.00
        ("2026-11-11 00:00", 1, "4.02", "2026-11-11", False),
        ("2026-11-12 10:00", 1, "1.95", "2026-11-13", True),
        ("2026-11-13 10:00", 1, None, "2026-11-20", False),  # then by the general one again
        ("2026-11-14 10:00", 1, "2.40", "2026-11-20", True),
        ("2026-11-15 10:00", 0, "0.40", "2026-12-01", True),
        ("2026-11-16 10:00", 0, "0.800000", "2026-12-02", False),
        ("2026-11-16 11:00", 0, "0.400001", "2026-12-03", True),  # of what 1.00 was as it began
        ("2026-11-17 10:00", 1, "0", "2026-12-04", True),
    ]  # fmt: skip
    took_two = []
    for at, is_own, price, from_on, takes_two in steps:
        now = shop.at(at) if is_own else instant(at)
        said = {
            "fee": "storage", "currency": "USD", "unit_price": price and Decimal(price), **WHY,
            "from_on": date.fromisoformat(str(from_on)),
            "merchant_id": shop.merchant.pk if is_own else None,
        }  # fmt: skip
        outcome = two_people.decide(prices.introduce, said, actor=officer(ALONE), now=now)
        assert isinstance(outcome, Proposal) is takes_two, (at, price)
        if isinstance(outcome, Proposal):
            confirm(outcome, now=now)
            took_two.append(f"price {FeePrice.objects.latest('pk').pk} of storage")
    far = found_alone("a price far from the one before was confirmed by another person")
    assert sorted(far) == sorted(took_two)
    above = "prices above the operator policy of their day were confirmed by another person"
    assert found_alone(above) == []


@pytest.mark.usefixtures("today")
def test_what_somebody_proposed_who_has_left_is_refused_by_anybody_of_the_role() -> None:
    nothing_alone()
    shop = billing.join()
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    left = propose(limits.set_limit, limit=usd(11_000), now=DECIDED_AT, **of, **WHY)
    User.objects.filter(email=left.proposed_by).update(is_active=False)
    colleague = operator("Credit officer", email="third@tael.example")
    with nothing_changes(), pytest.raises(ProposalWaits):
        propose(limits.set_limit, limit=usd(12_000), now=DECIDED_AT, by=colleague, **of, **WHY)
    assert decide(browser_of(colleague), left, "refuse").status_code == 302
    left.refresh_from_db()
    assert (left.status, left.decided_by) == ("REFUSED", colleague.email)
    assert propose(
        limits.set_limit, limit=usd(12_000), now=DECIDED_AT, by=colleague, **of, **WHY
    ).waits


def test_who_asked_for_it_may_still_refuse_it() -> None:
    nothing_alone()
    shop = billing.join()
    request = ThresholdRequestFactory.create(shop=shop, at=billing.BEFORE, actor=SECOND)
    proposal = propose(thresholds.approve, request_id=request.pk, now=DECIDED_AT, **ANSWER)
    proposals.refuse(proposal_id=proposal.pk, actor=officer(SECOND), now=DECIDED_AT, **WHY)
    proposal.refresh_from_db()
    assert (proposal.status, request.is_pending) == ("REFUSED", True)


def test_what_only_protects_waits_for_nobody() -> None:
    nothing_alone()
    shop = billing.join()
    asked = CreditRequestFactory.create(shop=shop, at=billing.BEFORE)
    wanted = ThresholdRequestFactory.create(shop=shop, at=billing.BEFORE)
    by: dict[str, Any] = {"actor": ALONE, "now": DECIDED_AT}
    of: dict[str, Any] = {"merchant_id": shop.merchant.pk}
    limits.set_limit(limit=usd(100), **of, **by, **WHY)
    thresholds.change(threshold=usd(10), **of, **by, **WHY)
    freezes.place(note="a look at it", reason="MANUAL", **of, **by)  # type: ignore[arg-type]
    credits.reject(credit_id=asked.pk, **by, **ANSWER)
    thresholds.reject(request_id=wanted.pk, **by, **ANSWER)
    assert not Proposal.objects.exists()
    assert not OperatorDecision.objects.exists()


# --- no sequence of decisions by one person -------------------------------------------------------

Attempt = Callable[..., Any]


def outside(shop: Shop) -> Decimal:
    """What operators' decisions have moved out of Tael, or given to the merchant to withdraw."""
    paid_out = sum(
        -Decimal(change.before)
        for change in AccountChange.objects.filter(account=shop.account, what="PAID_OUT")
    )
    given_back = UnappliedEntry.objects.filter(account=shop.account, kind="GIVEN_BACK")
    settled = UnmatchedSettlement.objects.exclude(kind="APPLIED").filter(line=shop.line)
    added = shop.line.proceeds_corrections.filter(amount__gt=0)
    return (
        Decimal(paid_out)
        + sum((one.amount.amount for one in added), Decimal(0))
        + sum((-entry.amount.amount for entry in given_back), Decimal(0))
        + sum((one.amount.amount for one in settled), Decimal(0))
    )


def _credit(shop: Shop, attempt: Attempt, amount: int, key: str) -> None:
    attempt(
        credits.grant, merchant_id=shop.account.pk, fee="credit-account", amount=usd(amount),
        request_key=key, told="We give it back.",
    )  # fmt: skip


def _close_and_pay_out(shop: Shop, attempt: Attempt) -> None:
    attempt(terms.close, merchant_id=shop.account.pk)
    attempt(terms.pay_out_rest, merchant_id=shop.account.pk, reference="OUT-1")


def _found(shop: Shop, attempt: Attempt) -> None:
    """As it was found: 1,000,000 granted to an account of 3,300, closed, 999,937.65 paid out."""
    _credit(shop, attempt, 1_000_000, "f-1")
    _close_and_pay_out(shop, attempt)


def _small_credits(shop: Shop, attempt: Attempt) -> None:
    for number in range(20):
        _credit(shop, attempt, 400, f"f-{number}")
    _close_and_pay_out(shop, attempt)


def _asked_credits(shop: Shop, attempt: Attempt) -> None:
    for number in range(5):
        reference = f"big-{number}"
        assert shop.charge("2026-11-03 10:00", "pick-pack", "900.00", reference) == "applied"
        asked = CreditRequestFactory.create(
            shop=shop, at=billing.BEFORE, charge=reference, amount="900.00"
        )
        attempt(credits.approve, credit_id=asked.pk, told="We give it back.")
    _close_and_pay_out(shop, attempt)


def _made_up_transfer(shop: Shop, attempt: Attempt) -> None:
    """A transfer that never came, given back in parts."""
    transfers.receive(
        merchant_id=shop.account.pk, amount=usd(50_000), reference="IN", actor=ALONE, now=DECIDED_AT
    )
    for number in range(20):
        attempt(
            transfers.give_back, merchant_id=shop.account.pk, amount=usd(400),
            reference=f"OUT-{number}",
        )  # fmt: skip


def _made_up_transfer_and_the_rest(shop: Shop, attempt: Attempt) -> None:
    _made_up_transfer(shop, attempt)
    _close_and_pay_out(shop, attempt)


def _unmatched(shop: Shop, attempt: Attempt) -> None:
    """Cash that no order took, to the merchant and to somebody outside by turns."""
    for number in range(10):
        order = f"U-{number}"
        shop.place("2026-11-03 10:00", order, "1.00")
        shop.pay("2026-11-03 11:00", order, "401.00", f"P-{number}")
        cash = shop.line.payments.get(reference=f"P-{number}")
        part = {"payment_id": cash.pk, "amount": usd(400), "settled": usd(0)}
        if number % 2:
            attempt(unmatched.release, **part)
        else:
            attempt(unmatched.give_back, reference=f"OUT-{number}", **part)


def _corrections(shop: Shop, attempt: Attempt) -> None:
    """Proceeds up and down by turns, and each taken back, so that their sum stays small."""
    for number in range(10):
        amount = usd(400 if number % 2 else -400)
        attempt(
            corrections.correct, merchant_id=shop.account.pk, amount=amount, told="A mistake.",
            request_key=f"f-{number}",
        )  # fmt: skip
    for one in shop.line.proceeds_corrections.order_by("pk"):
        attempt(corrections.take_back, correction_id=one.pk, told="It was right.")


def _transfers_moved(shop: Shop, attempt: Attempt) -> None:
    """Transfers that never came, booked for another merchant and then for this one."""
    other = shops.join("2026-11-01 10:00", "tallow")
    for number in range(5):
        transfers.receive(
            merchant_id=other.account.pk, amount=usd(400), reference=f"IN-{number}", actor=ALONE,
            now=DECIDED_AT,
        )  # fmt: skip
        attempt(
            transfers_moved.move, transfer_id=other.account.transfers.latest("pk").pk,
            to=shop.reference, told="It was not yours.",
        )  # fmt: skip
        attempt(
            transfers.give_back, merchant_id=shop.account.pk, amount=usd(400),
            reference=f"OUT-{number}",
        )  # fmt: skip


@pytest.mark.parametrize(
    "sequence",
    [
        _corrections,
        _transfers_moved,
        _found,
        _small_credits,
        _asked_credits,
        _made_up_transfer,
        _made_up_transfer_and_the_rest,
        _unmatched,
    ],
)
def test_no_sequence_by_one_person_moves_more_than_the_figures_to_the_outside(
    sequence: Callable[[Shop, Attempt], None],
) -> None:
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", billing_threshold="5000.00")
    assert shop.charge("2026-11-02 10:00", "pick-pack", "3300.00") == "applied"
    one = officer(ALONE)

    def attempt(operation: Callable[..., Any], **said: Any) -> None:
        """Whatever one person can do: decide, and confirm what waits for another."""
        try:
            outcome = two_people.decide(operation, said | WHY, actor=one, now=DECIDED_AT)
            if isinstance(outcome, Proposal):
                confirm(outcome, now=DECIDED_AT, by=one)
        except Refused:
            return

    sequence(shop, attempt)
    assert 0 <= outside(shop) <= 1000
    decided = OperatorDecision.objects.filter(what="credits").values_list("figure", flat=True)
    assert sum(decided) <= 1000
    assert not Proposal.objects.filter(status="CONFIRMED").exists()


def test_two_people_end_the_found_case() -> None:
    """The same decisions, each confirmed: the second one is asked about each sum."""
    OperatorPolicyFactory.create()
    shop = shops.join("2026-11-01 10:00", billing_threshold="5000.00")
    shop.charge("2026-11-02 10:00", "pick-pack", "3300.00")
    of: dict[str, Any] = {"merchant_id": shop.account.pk, "now": DECIDED_AT}
    confirm(
        propose(
            credits.grant, fee="credit-account", amount=usd(4300), request_key="f", **of, **ANSWER
        ),
        now=DECIDED_AT,
    )
    terms.close(actor=ALONE, **of, **WHY)
    terms.pay_out_rest(reference="OUT-1", actor=ALONE, **of, **WHY)  # 1,000.00, which is the figure
    assert outside(shop) == 1000
    assert User.objects.filter(email=SECOND).exists()
