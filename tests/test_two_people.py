"""What is above the figures of the policies waits for a second person, and then is done as ever."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from backoffice import decision_pages
from billing.operations import (
    accounts,
    credits,
    prices,
    reversals,
    thresholds,
)
from credit.operations import limits
from jobs.timetable import job_named
from lib import money
from lib.refusals import ChangedMeanwhile, Invalid, Refused
from merchants.models import OperatorDecision, OperatorPolicy, Proposal, User
from merchants.operations import proposals, two_people
from merchants.operations.proposals import ProposalWaits
from merchants.proposals import KINDS
from tests import shops
from tests.amounts import usd
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT
from tests.factories import (
    CreditRequestFactory,
    OperatorPolicyFactory,
    ThresholdRequestFactory,
    browser_of,
    operator,
)
from tests.shops import HIGH
from tests.text import text_of
from tests.threads import at_once
from tests.trail.trail_case import Case
from tests.trail.trail_cases import CASES
from tests.two_people import ALONE, ANSWER, SECOND, WAITS, WHY, confirm, officer, propose
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def officers(db: None) -> None:
    """Make two operators who decide about both books."""
    for email in (ALONE, SECOND):
        officer(email)


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def nothing_alone() -> None:
    """Have policies in force by which until 3 November one operator decides whatever there is, and
    from the 4th on nothing.
    """
    figures = OperatorPolicy.figure_names()
    OperatorPolicyFactory.create(**dict.fromkeys(figures, HIGH))
    OperatorPolicyFactory.create(
        version=2, starts_on=date(2026, 11, 4), **dict.fromkeys(figures, Decimal(0))
    )


def test_what_is_proposed_is_kept_as_it_was_said() -> None:
    """An instant stays one, though Python takes it for a day, too."""
    said = {"amount": usd("7.10"), "share": Decimal("0.250"), "at": DECIDED_AT, "note": "",
            "none": None, "day": date(2026, 11, 4), "number": 3, "is_last": True}  # fmt: skip
    change = two_people.Change(kind=KINDS["LIMIT"], subject="it", before={}, after={})

    def above(**_: Any) -> None:
        raise two_people.TakesTwoPeople(change)

    actor = User.objects.get(email=ALONE)
    found = two_people.decide(above, said | WHY, actor=actor, now=DECIDED_AT)
    kept = two_people.arguments_of(Proposal.objects.get(pk=found.pk))
    assert kept == said


OTHER: dict[tuple[str, str], dict[str, str]] = {
    ("creditline", "limit"): {"limit": "30000.01"},
    ("limitrequest", "approve"): {"limit": "100000.01"},
    ("billingaccount", "threshold"): {"threshold": "200.01"},
}
# What waits as which kind of proposal.
TAKE_TWO = {
    ("creditline", "limit"): "LIMIT",
    ("creditline", "correct"): "PROCEEDS_CORRECTION",
    ("limitrequest", "approve"): "RAISE",
    ("order", "write-off"): "WRITE_OFF",
    ("orderpayment", "release"): "CASH_RELEASED",
    ("orderpayment", "return"): "CASH_RETURNED",
    ("withdrawal", "sent-back"): "WITHDRAWAL_SENT_BACK",
    ("billingcredit", "approve"): "CREDIT_REQUEST",
    ("billingaccount", "credit"): "CREDIT",
    ("billingaccount", "charge"): "CHARGE",
    ("invoice", "waive"): "WAIVER",
    ("charge", "credit"): "CREDIT",
    ("thresholdrequest", "approve"): "THRESHOLD_REQUEST",
    ("billingaccount", "threshold"): "THRESHOLD",
    ("billingaccount", "pay-out"): "REST",
    ("billingaccount", "give-back"): "UNAPPLIED",
    ("reversal", "accept"): "REVERSAL",
    ("feeprice", "introduce"): "PRICE",
}
# These take more than a row to come to, and have tests of their own.
ELSEWHERE = {
    "REVIEW": "tests/credit/test_limit_caps.py",
    "PROCEEDS_COUNTER_ENTRY": "tests/credit/test_corrections.py",
    "TRANSFER": "tests/billing/test_transfers_moved.py",
    "REOPENING": "tests/billing/test_reopening.py",
    "CREDIT_POLICY": "tests/credit/test_policies.py",
    "ISSUER_BANKS": "tests/billing/test_parties.py",
}


def test_each_kind_of_proposal_about_money_is_tried() -> None:
    of_books = {
        code for code, kind in KINDS.items() if kind.permission.startswith(("billing.", "credit."))
    }
    assert {*TAKE_TWO.values(), *ELSEWHERE} == of_books
    for path in ELSEWHERE.values():
        assert "two_people" in (settings.BASE_DIR / path).read_text(), path


BY_NAME = {(case.model, case.name): case for case in CASES}


def page_of(case: Case, row: Model | None) -> str:
    """The address of the case's decision, about a row or none."""
    if row is None:
        return reverse(f"admin:billing_{case.model}_decide_list", args=[case.name])
    name = f"admin:{row._meta.app_label}_{case.model}_decide"
    return reverse(name, args=[row.pk, case.name])


def decide(browser: Client, proposal: Proposal, what: str = "confirm") -> Any:
    """The answer to this decision about the proposal."""
    return browser.post(reverse("admin:merchants_proposal_decide", args=[proposal.pk, what]), WHY)


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("case", some([BY_NAME[name] for name in TAKE_TWO], 9), ids=str)
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
    assert proposal.kind == TAKE_TWO[case.model, case.name]
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


@pytest.mark.usefixtures("today")
def test_the_rows_history_says_what_was_only_proposed() -> None:
    nothing_alone()
    shop = billing.join()
    first = browser_of(officer(ALONE))
    review, page = (
        reverse("admin:billing_billingaccount_decide", args=[shop.account.pk, name])
        for name in ("review", "threshold")
    )
    of_several = reverse("admin:billing_billingcredit_decide_several", args=["approve"])
    of_account = LogEntry.objects.filter(object_id=str(shop.account.pk)).order_by("pk")
    assert first.post(review, WHY).status_code == 302
    assert first.post(page, {"threshold": "250", **WHY}).status_code == 302
    assert [one.get_change_message() for one in of_account] == [
        "Review bills",
        "Proposed: Change threshold",
    ]
    credit = CreditRequestFactory.create(
        shop=shop, at=billing.BEFORE, actor="mei@rosewood.example", amount="1.00"
    )
    rows = first.get(of_several).context["rows"]
    said = {row.showed_in: row.showed for row in rows} | {"chosen": [str(credit.pk)], **ANSWER}
    report = first.post(of_several, said).context["report"]
    assert "Nothing has changed yet" in report.done
    last = LogEntry.objects.latest("pk")
    assert (last.object_id, last.get_change_message()) == (str(credit.pk), "Proposed: Approve")
    proposal = Proposal.objects.get(subject__startswith="threshold")
    confirming = reverse("admin:merchants_proposal_decide", args=[proposal.pk, "confirm"])
    browser_of(officer(SECOND)).post(confirming)
    assert LogEntry.objects.latest("pk").get_change_message() == "Confirm"


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
