"""A bill that is paid by transfer gets a later due day."""

from datetime import date

import pytest

from billing.operations.due_days import NotDueByItself
from billing.operations.invoice_decisions import InvoiceNotOpen
from lib.refusals import Invalid
from tests.billing.by_hand import OPERATOR, TOLD, WHY, assert_audited, move, notices
from tests.billing.pages import read
from tests.billing.paying import (
    FIRST,
    attempts,
    billed,
    choose,
    first_failure,
    give_up,
    invoice,
    manual,
    next_attempt,
    transfer,
)
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

AT = "2026-11-05 12:00"


def test_failure_and_freeze_are_counted_from_the_new_day() -> None:
    shop = manual(timezone="Asia/Bangkok")
    move(shop, AT, "2026-11-20")
    assert invoice().due_on == date(2026, 11, 20)
    shop.run_jobs("2026-11-19 23:00")
    assert first_failure(shop) is None
    shop.run_jobs("2026-11-20 00:00")
    assert first_failure(shop) == "2026-11-20 00:00"
    shop.run_jobs("2026-12-17 23:00")
    assert shop.frozen_by() == []
    shop.run_jobs("2026-12-18 00:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    assert_audited(shop, "2026-12-18 00:00")


def test_it_is_told_and_on_the_trail() -> None:
    shop = manual()
    move(shop, AT, "2026-11-20")
    assert notices(shop, "DUE_DAY") == [{"number": FIRST, "day": "2026-11-20", "reason": TOLD}]
    (entry,) = TrailEntry.objects.filter(action="DUE_DAY_MOVED")
    assert (entry.subject, entry.actor, entry.reason) == (FIRST, OPERATOR, WHY)
    assert (entry.before, entry.after) == ({"due_on": "2026-11-08"}, {"due_on": "2026-11-20"})
    said = read(shop, f"invoices/{FIRST}/")
    assert "20 Nov 2026" in said
    assert TOLD in said
    assert WHY not in said


@pytest.mark.full  # moved once, above
def test_it_can_be_moved_again_but_never_back() -> None:
    shop = manual()
    move(shop, AT, "2026-11-20")
    with nothing_changes():
        for day in ("2026-11-20", "2026-11-19", "2026-11-05"):
            with pytest.raises(Invalid):
                move(shop, AT, day)
    move(shop, AT, "2026-11-21")
    assert invoice().due_on == date(2026, 11, 21)
    assert_audited(shop, AT)


@pytest.mark.full  # one that cannot be moved is below
def test_it_is_at_most_ninety_days_after_the_issue() -> None:
    shop = manual()
    shop.run_jobs(AT)
    with nothing_changes(), pytest.raises(Invalid):
        move(shop, AT, "2027-01-31")
    move(shop, AT, "2027-01-30")
    assert_audited(shop, AT)


def test_a_bill_that_has_failed_or_is_collected_has_none_to_move() -> None:
    failed = manual()
    failed.run_jobs("2026-11-08 00:00")
    with nothing_changes(), pytest.raises(NotDueByItself):
        move(failed, "2026-11-08 12:00", "2026-11-20")
    transfer(failed, "2026-11-08 13:00", "39.00")
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        move(failed, "2026-11-08 14:00", "2026-11-20")
    collected = billed("other")
    with nothing_changes(), pytest.raises(NotDueByItself):
        move(collected, "2026-11-01 11:00", "2026-11-20", "2026-000002")


def test_one_that_was_given_up_has_none_to_move() -> None:
    shop = manual()
    give_up(shop, AT)
    with nothing_changes(), pytest.raises(InvoiceNotOpen):
        move(shop, AT, "2026-11-20")


@pytest.mark.full  # what fails counts from it, above
def test_a_method_chosen_later_is_tried_on_the_new_day() -> None:
    shop = manual()
    move(shop, AT, "2026-11-20")
    assert choose(shop, "2026-11-06 12:00", "sandbox") == "sandbox"
    assert next_attempt(shop) == "2026-11-20 00:00"
    shop.run_jobs("2026-11-20 00:00")
    assert attempts(shop) == ["2026-11-20 00:00 SUCCEEDED"]
    assert_audited(shop, "2026-11-20 00:00")
