"""A closed account is opened again, with its line; closed days cost nothing (rule 19.9, 19.10)."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import AccountChange
from billing.operations import reopening
from billing.operations.reopening import AccountOpen
from billing.proposals import REOPENING
from credit.models import CreditLine, FormerClosing
from lib import audit, clock
from lib.refusals import ChangedMeanwhile, Invalid
from lib.second_person import SamePerson
from merchants.models import OperatorDecision
from merchants.operations.two_people import TakesTwoPeople
from notices import letters
from notices.models import Notice
from tests import shops, two_people
from tests.amounts import usd
from tests.billing import deciding
from tests.shops import Shop
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

WHY: dict[str, Any] = {"reason": "They moved and are back."}
TOLD = "Welcome back: trade on as before."


def open_shop(**terms: Any) -> Shop:
    """A shop that has just joined, with a high threshold unless these terms say otherwise."""
    given = {"billing_threshold": "1000.00", "plan_price": "39.00"} | terms
    return shops.join("2026-11-01 10:00", **given)


def closed_shop(at: str = "2026-11-10 12:00", **terms: Any) -> Shop:
    """A shop whose account was closed at this instant."""
    shop = open_shop(**terms)
    deciding.close(shop, at)
    return shop


def reopen(shop: Shop, at: str, **said: Any) -> Any:
    """Open the account again, by two officers, or by one where the limit is 0."""
    return two_people.decided(
        reopening.reopen,
        merchant_id=shop.merchant.pk,
        now=shop.at(at),
        actor=two_people.FIRST,
        **WHY | said,
    )


def is_closed(shop: Shop) -> bool:
    return shop.account.is_closed


def found_by_the_audit() -> list[str]:
    """What the audit finds wrong: each check that found something, with its rows."""
    findings = audit.run(audit.registered(), now=clock.now())
    return [f"{one.check.name}: {one.listed}" for one in findings if one.violations]


def test_what_was_paid_for_goes_on_and_nothing_is_charged() -> None:
    shop = closed_shop()
    assert shop.charge("2026-11-19 10:00", "pick-pack", "7.00") == "rejected account_closed"
    assert shop.place("2026-11-19 10:00", "A", "100.00") == "declined account_closed"
    reopen(shop, "2026-11-20 09:00", told=TOLD)
    account, line = shop.account, shop.line
    assert (account.closed_at, account.closed_on, line.closed_at) == (None, None, None)
    assert line.limit == usd(5000)
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 39.00"]
    assert str(account.next_plan_on) == "2026-12-01"
    assert shop.charge("2026-11-20 10:00", "pick-pack", "7.00") == "applied"
    assert shop.place("2026-11-20 10:00", "B", "100.00") == "applied"
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 46.00"]
    assert found_by_the_audit() == []


def test_closed_over_plan_dates_the_plan_starts_anew_and_closed_days_cost_nothing() -> None:
    shop = closed_shop()
    reopen(shop, "2027-01-05 09:00")
    assert shop.invoices()[1:] == ["2027-01-05 SUBSCRIPTION 39.00"]
    invoice = deciding.invoice(shop, "2027-01-05")
    assert (str(invoice.period_start), str(invoice.period_end)) == ("2027-01-05", "2027-02-03")
    assert str(shop.account.next_plan_on) == "2027-02-04"
    shop.run_jobs("2027-02-04 00:00")
    assert shop.invoices()[2:] == ["2027-02-04 SUBSCRIPTION 39.00"]
    days = shop.account.charges.filter(fee="plan").order_by("pk").values_list("service_on")
    assert [str(day) for (day,) in days] == ["2026-11-01", "2027-01-05", "2027-02-04"]
    assert found_by_the_audit() == []


@pytest.mark.full  # they ran in time, above
@pytest.mark.parametrize("ticks", some([[], ["2026-12-01 00:00", "2026-12-31 00:00"]], 2))
def test_whenever_jobs_ran_meanwhile_the_books_are_the_same(ticks: list[str]) -> None:
    shop = closed_shop()
    for tick in ticks:
        shop.run_jobs(tick)
    reopen(shop, "2027-01-05 09:00")
    shop.charge("2027-01-06 10:00", "storage", "5.00")
    shop.run_jobs("2027-03-06 00:00")
    assert shop.invoices()[1:] == [
        "2027-01-05 SUBSCRIPTION 39.00",
        "2027-02-04 SUBSCRIPTION 44.00",
        "2027-03-06 SUBSCRIPTION 39.00",
    ]
    assert shop.figures() == ("0.00", "0.00")


@pytest.mark.full  # closed over plan dates, it starts anew
def test_opened_again_on_a_plan_date_it_is_charged_once() -> None:
    shop = closed_shop()
    reopen(shop, "2026-12-01 08:00")
    assert shop.invoices()[1:] == ["2026-12-01 SUBSCRIPTION 39.00"]
    assert str(shop.account.next_plan_on) == "2026-12-31"
    deciding.close(shop, "2026-12-01 09:00")
    reopen(shop, "2026-12-01 10:00")  # that day is paid for
    assert len(shop.invoices()) == 2
    assert found_by_the_audit() == []


@pytest.mark.full  # the plan starts anew above
def test_a_plan_that_was_planned_before_is_the_one_that_starts() -> None:
    shop = open_shop()
    deciding.change_plan(shop, "2026-11-05 10:00", "99.00", 90, "grand")
    deciding.close(shop, "2026-11-10 12:00")
    reopen(shop, "2027-01-05 09:00")
    assert shop.invoices()[1:] == ["2027-01-05 SUBSCRIPTION 99.00"]
    assert (shop.account.plan, str(shop.account.next_plan_on)) == ("grand", "2027-04-05")
    assert found_by_the_audit() == []


def test_what_the_closed_account_was_left_with_goes_on_the_new_bill() -> None:
    shop = open_shop(plan_price="0")
    shop.charge("2026-11-10 10:00", "storage", "20.00")
    deciding.close(shop, "2026-11-10 12:00")
    deciding.void(shop, "2026-11-11 12:00", deciding.invoice(shop, "2026-11-10"))
    assert shop.figures() == ("20.00", "0.00")
    reopen(shop, "2027-01-05 09:00")
    assert shop.invoices()[1:] == ["2027-01-05 SUBSCRIPTION 20.00"]
    assert found_by_the_audit() == []


@pytest.mark.full  # closed and opened above
def test_closed_opened_and_closed_on_one_day() -> None:
    shop = open_shop()
    shop.charge("2026-11-10 10:00", "storage", "20.00")
    deciding.close(shop, "2026-11-10 12:00")
    reopen(shop, "2026-11-10 12:00")  # at the same instant: it counts right after
    assert FormerClosing.objects.get().reopened_at.isoformat() == "2026-11-10T12:00:00.000001+00:00"
    shop.charge("2026-11-10 13:00", "storage", "5.00")
    shop.charge("2026-11-10 13:00", "shipping-label", "3.00")
    deciding.close(shop, "2026-11-10 14:00")
    assert shop.invoices()[1:] == ["2026-11-10 FINAL 20.00", "2026-11-10 FINAL 8.00"]
    changes = AccountChange.objects.order_by("pk").values_list("what", flat=True)
    assert list(changes) == ["CLOSED", "REOPENED", "CLOSED"]
    assert shop.line.closed_at == shop.account.closed_at == shop.at("2026-11-10 14:00")
    assert found_by_the_audit() == []


def test_the_merchant_is_told_of_both_and_reads_a_standard_sentence_without_a_text() -> None:
    shop = closed_shop()
    reopen(shop, "2026-11-20 09:00", told=TOLD)
    deciding.close(shop, "2026-11-21 09:00")
    reopen(shop, "2026-11-22 09:00")
    told = Notice.objects.filter(kind__in=["ACCOUNT_CLOSED", "ACCOUNT_REOPENED"]).order_by("pk")
    closed = (
        "Your account takes no new orders and no new charges. Open orders go on, what is"
        " outstanding is billed, and your proceeds can be withdrawn. "
    )
    opened = "Your account takes new orders and charges from now on, with the limit that it had. "
    ours = "Our team has decided this. Ask us about it if anything is unclear."
    assert [letters.sentence(one) for one in told] == [
        closed + ours,
        opened + TOLD,
        closed + ours,
        opened + ours,
    ]
    assert "moved" not in "".join(letters.sentence(one) for one in told)


def test_one_officer_proposes_it_and_another_confirms() -> None:
    shop = closed_shop()
    wanted: dict[str, Any] = {
        "merchant_id": shop.merchant.pk,
        "now": shop.at("2026-11-20 09:00"),
        **WHY,
    }
    with nothing_changes(), pytest.raises(TakesTwoPeople):
        reopening.reopen(actor=two_people.FIRST, **wanted)
    proposal = two_people.propose(reopening.reopen, **wanted)
    assert (proposal.kind, proposal.before, proposal.after) == (
        REOPENING.code,
        {"account": "closed since 2026-11-10T12:00:00+00:00", "limit": "5000.00 USD"},
        {"account": "open", "limit": "5000.00 USD"},
    )
    assert is_closed(shop)
    with nothing_changes(), pytest.raises(SamePerson):
        two_people.confirm(
            proposal, now=shop.at("2026-11-20 10:00"), by=two_people.officer(two_people.FIRST)
        )
    two_people.confirm(proposal, now=shop.at("2026-11-20 10:00"))
    assert not is_closed(shop)
    change = AccountChange.objects.get(what="REOPENED")
    assert (change.actor, change.reason, change.after) == (
        two_people.SECOND, "They moved and are back.", "5000.00"
    )  # fmt: skip
    decision = OperatorDecision.objects.get(what="reopenings")
    assert (decision.subject, decision.proposal) == (f"account change {change.pk}", proposal)
    row = TrailEntry.objects.get(action="ACCOUNT_REOPENED")
    assert (row.before, row.after) == (
        {"account": "closed"}, {"account": "open", "proposed_by": two_people.FIRST}
    )  # fmt: skip


def test_without_a_limit_one_officer_opens_it() -> None:
    shop = closed_shop(credit_limit="0")
    account = reopening.reopen(
        merchant_id=shop.merchant.pk,
        actor=two_people.FIRST,
        now=shop.at("2026-11-20 09:00"),
        **WHY,
    )
    assert not account.is_closed
    assert found_by_the_audit() == []


def test_what_is_open_is_not_opened_and_a_reason_is_needed() -> None:
    shop = closed_shop(credit_limit="0")
    said: dict[str, Any] = {"merchant_id": shop.merchant.pk, "actor": two_people.FIRST}
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        reopening.reopen(reason=" ", now=shop.at("2026-11-20 09:00"), **said)
    reopening.reopen(now=shop.at("2026-11-20 09:00"), **WHY, **said)
    with nothing_changes(), pytest.raises(AccountOpen):
        reopening.reopen(now=shop.at("2026-11-20 09:01"), **WHY, **said)


def test_another_closing_than_was_proposed_is_not_ended() -> None:
    shop = closed_shop()
    wanted: dict[str, Any] = {"merchant_id": shop.merchant.pk, **WHY}
    proposal = two_people.propose(reopening.reopen, now=shop.at("2026-11-20 09:00"), **wanted)
    CreditLine.objects.update(limit=0)  # as a write-off may leave it: then one officer opens it
    reopening.reopen(actor=two_people.SECOND, now=shop.at("2026-11-20 10:00"), **wanted)
    CreditLine.objects.update(limit=5000)
    deciding.close(shop, "2026-11-20 11:00")
    two_people.officer(two_people.SECOND)
    with nothing_changes(), pytest.raises(ChangedMeanwhile):
        two_people.confirm(proposal, now=shop.at("2026-11-20 13:00"))


def test_what_was_void_as_it_closed_stays_so_and_reviews_are_held_again() -> None:
    shop = closed_shop()
    reopen(shop, "2026-11-20 09:00")
    shop.send("shop.metrics", "2026-11-21 10:00", rating="5", listing_quality="1",
              profile_completeness="1", after_sales="1")  # fmt: skip
    shop.run_jobs("2026-12-01 00:00")
    assert shop.line.reviews.count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM credit_formerclosing",
        "UPDATE credit_formerclosing SET reopened_at = now()",
    ],
)
def test_former_closings_stay_as_they_were(sql: str) -> None:
    shop = closed_shop()
    reopen(shop, "2026-11-20 09:00")
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(sql)
    assert str(FormerClosing.objects.get().reopened_at) == "2026-11-20 09:00:00+00:00"


@pytest.mark.full  # one form at once in test_by_hand_races.py
@every_order
@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_open_it_once() -> None:
    shop = closed_shop(credit_limit="0")

    def act(number: int) -> str:
        """Open the account again: the outcome."""
        try:
            reopening.reopen(
                merchant_id=shop.merchant.pk, actor=f"{number}@tael.example",
                now=shop.at("2027-01-05 09:00"), **WHY,
            )  # fmt: skip
        except AccountOpen as refusal:
            return refusal.code
        return "open"

    answers = at_once(act)
    assert answers["open"] == 1
    assert FormerClosing.objects.count() == 1
    assert shop.invoices()[1:] == ["2027-01-05 SUBSCRIPTION 39.00"]
    assert not CreditLine.objects.get().is_closed
