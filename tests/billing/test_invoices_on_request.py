"""An operator draws up a bill of what is outstanding at once."""

import pytest

from billing.models import InvoiceDecision
from billing.operations.charges import AccountClosed
from billing.operations.closing import DraftWaits, NothingToBill
from lib.refusals import Invalid
from tests import shops
from tests.billing import deciding
from tests.billing.by_hand import OPERATOR, WHY, assert_audited, draw_up
from tests.billing.pages import read
from tests.billing.paying import choose
from tests.kept import kept
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

AT = "2026-11-10 12:00"


@kept(TAEL_SANDBOX=True)
def shop() -> shops.Shop:
    """A shop with 30.00 outstanding, 5.00 accruing and 8.00 that wait for the month's end, on plans
    of 60 days.
    """
    shop = shops.join("2026-11-01 10:00", plan_price="10.00", plan_interval_days=60)
    shop.charge("2026-11-03 10:00", "pick-pack", "30.00")
    shop.charge(AT, "shipping-label", "5.00")
    shop.charge(AT, "storage", "8.00")
    return shop


def test_it_takes_what_has_posted_and_moves_no_date(shop: shops.Shop) -> None:
    made = draw_up(shop, AT)
    assert shop.invoices() == ["2026-11-01 SUBSCRIPTION 10.00", "2026-11-10 ON_REQUEST 30.00"]
    assert (made.number, str(made.period_start), str(made.period_end), str(made.due_on)) == (
        "2026-000002",
        "2026-11-01",
        "2026-11-10",
        "2026-11-17",
    )
    assert made.threshold is None
    assert shop.figures() == ("0.00", "5.00")
    decided = InvoiceDecision.objects.get()
    assert (decided.decision, decided.actor, decided.reason) == ("REQUESTED", OPERATOR, WHY)
    (entry,) = TrailEntry.objects.filter(action="BILLED_ON_REQUEST")
    assert entry.before == {"outstanding": "30.00 USD", "bill": ""}
    assert entry.after == {"outstanding": "0.00 USD", "bill": "2026-000002"}
    shop.run_jobs("2026-12-01 00:00")
    assert shop.invoices()[2:] == ["2026-12-01 CYCLE 13.00"]
    assert_audited(shop, "2026-12-01 00:00")


def test_asked_for_again_there_is_nothing_to_bill(shop: shops.Shop) -> None:
    draw_up(shop, AT)
    with nothing_changes(), pytest.raises(NothingToBill):
        draw_up(shop, AT)


@pytest.mark.full  # what has posted is taken above
def test_the_next_period_starts_the_day_after(shop: shops.Shop) -> None:
    draw_up(shop, AT)
    shop.charge("2026-11-10 13:00", "pick-pack", "4.00")
    shop.charge("2026-11-11 13:00", "pick-pack", "6.00")
    made = draw_up(shop, "2026-11-11 14:00")
    assert (str(made.period_start), str(made.period_end)) == ("2026-11-10", "2026-11-11")
    assert_audited(shop, "2026-11-11 14:00")


def test_it_is_collected_at_once_and_says_why_it_is_there(shop: shops.Shop) -> None:
    assert choose(shop, AT, "sandbox") == "sandbox"
    made = draw_up(shop, AT)
    shop.run_jobs("2026-11-10 13:00")
    made.refresh_from_db()
    assert made.status == "PAID"
    said = read(shop, f"invoices/{made.number}/")
    assert "Drawn up on request, of what was outstanding" in said
    assert "On request" in said
    assert WHY not in said


@pytest.mark.full  # no date moves, above
def test_plan_fees_that_came_back_stay_for_their_date(shop: shops.Shop) -> None:
    deciding.void(shop, AT, deciding.invoice(shop, "2026-11-01"))
    assert shop.figures()[0] == "40.00"
    draw_up(shop, AT)
    assert shop.invoices()[1:] == ["2026-11-10 ON_REQUEST 30.00"]
    assert shop.figures()[0] == "10.00"
    assert_audited(shop, AT)


@pytest.mark.full  # drafts in test_drafts.py
def test_a_reviewed_account_gets_a_draft_and_no_second_one(shop: shops.Shop) -> None:
    deciding.review_invoices(shop, AT)
    made = draw_up(shop, AT)
    assert (made.status, made.number) == ("DRAFT", None)
    shop.charge(AT, "pick-pack", "1.00")
    with nothing_changes(), pytest.raises(DraftWaits):
        draw_up(shop, AT)
    assert deciding.issue(shop, AT, made).number == "2026-000002"
    assert_audited(shop, AT)


def test_credits_can_leave_nothing_to_bill(shop: shops.Shop) -> None:
    deciding.grant(shop, AT, "30.00", "credit-account")
    with nothing_changes(), pytest.raises(NothingToBill):
        draw_up(shop, AT)


@pytest.mark.usefixtures("provider")
def test_less_than_the_provider_takes_is_not_billed() -> None:
    shop = shops.join("2026-11-01 10:00", "small")
    shop.charge("2026-11-02 10:00", "pick-pack", "0.49")
    assert choose(shop, AT, "stripe") == "stripe"
    with nothing_changes(), pytest.raises(NothingToBill):
        draw_up(shop, AT)
    shop.charge(AT, "pick-pack", "0.01")
    assert f"{draw_up(shop, AT).total.amount:.2f}" == "0.50"


def test_it_needs_a_reason_and_an_open_account(shop: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(Invalid):
        draw_up(shop, AT, reason=" ")
    deciding.close(shop, AT)
    with nothing_changes(), pytest.raises(AccountClosed):
        draw_up(shop, AT)
