"""The day on which a transfer's money arrived, which may be days before it was recorded."""

from datetime import date

import pytest

from billing.models import BankTransfer, Invoice
from billing.operations import transfers, transfers_moved, value_dates
from billing.queries import arrivals, invoices
from billing.queries.collecting import ByHand
from billing.queries.timelines import of_invoice
from lib import audit
from lib.refusals import AlreadyDecided, Invalid, Refused
from tests import shops
from tests.amounts import usd
from tests.billing.pages import read
from tests.billing.paying import FIRST, OPERATOR, SECOND, invoice, manual, state, transfer, void
from tests.billing.test_transfers_moved import move
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

WHY = "The statement of the 7th."


def record(
    shop: shops.Shop, at: str, arrived: str, amount: str = "39.00", number: str = FIRST
) -> str:
    """Record a transfer that arrived on this day: "new", or the code of the refusal."""
    try:
        transfers.record(
            invoice_id=invoice(number).pk,
            amount=usd(amount),
            reference=f"BANK-{number}",
            arrived_on=date.fromisoformat(arrived),
            actor=OPERATOR,
            now=shop.at(at),
        )
    except Refused as refusal:
        return refusal.code
    return "new"


def correct(shop: shops.Shop, at: str, arrived: str, reason: str = WHY) -> str:
    """Correct the day on which the latest transfer arrived: the outcome, or the code of the
    refusal.
    """
    try:
        value_dates.correct(
            transfer_id=shop.account.transfers.latest("pk").pk,
            arrived_on=date.fromisoformat(arrived),
            reason=reason,
            actor=OPERATOR,
            now=shop.at(at),
        )
    except Refused as refusal:
        return refusal.code
    return "corrected"


def history(found: Invoice) -> list[str]:
    """What the bill's page says of its history: each step, and its note."""
    return [
        f"{step.what} {step.note}".strip()
        for step in of_invoice(found, list(invoices.attempts(found)), ByHand(), [])
    ]


def violated(at: str) -> list[str]:
    """The names of the checks of `audit` that found something."""
    findings = audit.run(audit.registered(), now=shops.instant(at))
    return [found.check.name for found in findings if found.violations]


def late() -> shops.Shop:
    """A shop whose bill of 39.00 was due on the 8th, and has failed as that day started."""
    shop = manual()
    shop.run_jobs("2026-11-09 09:00")
    assert str(invoice().first_failed_on) == "2026-11-08"
    return shop


def test_money_that_had_arrived_by_the_due_day_was_not_late() -> None:
    shop = late()
    assert record(shop, "2026-11-10 09:00", "2026-11-08") == "new"
    found = invoice()
    assert (state(), found.paid_at) == ("PAID 39.00/39.00", shop.at("2026-11-10 09:00"))
    assert arrivals.collected_on(found, list(invoices.attempts(found))) == date(2026, 11, 8)
    assert history(found) == [
        *("Issued", "Payment Bank transfer, arrived on 8 Nov 2026"),
        "Paid at the end of 8 Nov 2026",
    ]
    # What had happened by then stays in the books.
    assert str(found.first_failed_on) == "2026-11-08"
    said = read(shop, f"invoices/{FIRST}/")
    assert "arrived on 8 Nov 2026" in said
    assert "Collected on 8 Nov 2026" in said
    assert "Not paid" not in said
    told = TrailEntry.objects.get(action="TRANSFER_RECORDED")
    assert told.after["arrived_on"] == "2026-11-08"
    assert violated("2026-11-10 09:00") == []


def test_a_day_later_it_was() -> None:
    shop = late()
    record(shop, "2026-11-10 09:00", "2026-11-09")
    assert history(invoice())[1].startswith("Not paid")
    assert arrivals.collected_on(invoice(), list(invoices.attempts(invoice()))) == date(2026, 11, 9)


def test_all_of_the_money_has_to_have_been_there() -> None:
    shop = late()
    record(shop, "2026-11-10 09:00", "2026-11-07", "38.00")
    assert history(invoice())[1].startswith("Not paid")
    transfer(shop, "2026-11-10 10:00", "1.00")
    assert (state(), history(invoice())[1][:8]) == ("PAID 39.00/39.00", "Not paid")


def test_what_came_at_the_same_instant_but_after_a_payment_did_not_pay_it() -> None:
    shop = manual()
    record(shop, "2026-11-05 10:00", "2026-11-05", "339.00")  # 300.00 of it is unapplied
    shop.charge("2026-11-06 10:00", "receiving", "210.00")  # reaches the threshold
    assert state(SECOND) == "PAID 210.00/210.00"
    transfers.record(
        invoice_id=invoice(FIRST).pk,
        amount=usd("5.00"),
        reference="BANK-5",
        arrived_on=date(2026, 11, 3),
        actor=OPERATOR,
        now=shop.at("2026-11-06 10:00"),
    )
    found = invoice(SECOND)
    assert arrivals.collected_on(found, list(invoices.attempts(found))) == date(2026, 11, 6)
    assert correct(shop, "2026-11-06 11:00", "2026-11-04") == "corrected"
    assert arrivals.collected_on(found, list(invoices.attempts(found))) == date(2026, 11, 6)


def test_without_a_day_it_is_that_of_the_recording() -> None:
    shop = manual(timezone="Asia/Bangkok")
    transfer(shop, "2026-11-03 23:30", "39.00")
    assert str(BankTransfer.objects.get().arrived_on) == "2026-11-03"
    assert history(invoice())[1] == "Payment Bank transfer"


def frozen() -> shops.Shop:
    """A shop that its unpaid bill of 39.00 has frozen since 6 December. Another bill of 200.00 is
    open, and not due yet.
    """
    shop = manual(plan_interval_days=365)
    shop.run_jobs("2026-12-06 09:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    shop.charge("2026-12-06 10:00", "pick-pack", "200.00")
    return shop


def test_a_freeze_that_only_such_bills_caused_is_lifted_though_others_are_open() -> None:
    shop = frozen()
    record(shop, "2026-12-07 09:00", "2026-11-08")
    assert (state(SECOND), shop.frozen_by()) == ("OPEN 0.00/200.00", [])
    assert violated("2026-12-07 09:00") == []


def test_a_freeze_for_money_that_came_late_stays_until_all_is_paid() -> None:
    shop = frozen()
    record(shop, "2026-12-07 09:00", "2026-11-09")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    # It was typed wrongly.
    assert correct(shop, "2026-12-07 10:00", "2026-11-08") == "corrected"
    assert shop.frozen_by() == []
    assert violated("2026-12-07 10:00") == []


@pytest.mark.full  # one that is late stays above
def test_a_freeze_that_another_bill_causes_too_stays() -> None:
    shop = manual(plan_interval_days=365)
    shop.charge("2026-11-01 11:00", "pick-pack", "200.00")
    shop.run_jobs("2026-12-06 09:00")
    record(shop, "2026-12-07 09:00", "2026-11-08")
    assert (state(SECOND), shop.frozen_by()) == ("OPEN 0.00/200.00", ["UNPAID_BILL"])
    record(shop, "2026-12-07 10:00", "2026-11-08", "200.00", SECOND)
    assert shop.frozen_by() == []
    assert violated("2026-12-07 10:00") == []


@pytest.mark.full  # nor one that was void, below
def test_a_bill_that_was_late_and_froze_nothing_keeps_no_freeze() -> None:
    """It was paid two days late, in November; what froze the line in December was paid in time."""
    shop = manual(plan_interval_days=365)
    record(shop, "2026-11-10 09:00", "2026-11-10")
    shop.charge("2026-11-10 10:00", "pick-pack", "200.00")  # due on the 17th
    shop.run_jobs("2026-12-15 09:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    shop.charge("2026-12-15 10:00", "pick-pack", "210.00")
    record(shop, "2026-12-16 09:00", "2026-11-17", "200.00", SECOND)
    assert (shop.invoices()[2:], shop.frozen_by()) == (["2026-12-15 THRESHOLD 210.00"], [])
    assert violated("2026-12-16 09:00") == []


@pytest.mark.full  # nor one that was void, below
def test_a_freeze_of_before_that_was_for_a_late_bill_keeps_no_later_one() -> None:
    """What froze the line in December was paid late, and is over; the freeze of January is for a
    bill that was paid in time.
    """
    shop = manual(plan_interval_days=365)
    shop.run_jobs("2026-12-06 09:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    record(shop, "2026-12-10 09:00", "2026-12-10")
    assert shop.frozen_by() == []
    shop.charge("2026-12-11 10:00", "pick-pack", "200.00")  # due on the 18th
    shop.run_jobs("2027-01-15 09:00")
    assert shop.frozen_by() == ["UNPAID_BILL"]
    shop.charge("2027-01-15 10:00", "pick-pack", "210.00")
    record(shop, "2027-01-16 09:00", "2026-12-18", "200.00", SECOND)
    assert (shop.invoices()[2:], shop.frozen_by()) == (["2027-01-15 THRESHOLD 210.00"], [])
    assert violated("2027-01-16 09:00") == []


def test_a_bill_that_was_void_keeps_no_freeze() -> None:
    shop = frozen()
    void(shop, "2026-12-06 11:00", SECOND)
    record(shop, "2026-12-07 09:00", "2026-11-30")
    assert shop.frozen_by() == []  # all is paid, however late


def test_a_correction_leaves_entries_as_they_are_and_a_row_of_the_trail() -> None:
    shop = late()
    record(shop, "2026-11-10 09:00", "2026-11-10")
    before = (invoice().paid_at, invoice().first_failed_at, shop.figures())
    assert correct(shop, "2026-11-11 09:00", "2026-11-07") == "corrected"
    assert (invoice().paid_at, invoice().first_failed_at, shop.figures()) == before
    assert arrivals.collected_on(invoice(), list(invoices.attempts(invoice()))) == date(2026, 11, 7)
    told = TrailEntry.objects.get(action="VALUE_DATE_CORRECTED")
    assert (told.before, told.after, told.reason) == (
        {"arrived_on": "2026-11-10"}, {"arrived_on": "2026-11-07"}, WHY
    )  # fmt: skip
    with nothing_changes():
        assert correct(shop, "2026-11-11 10:00", "2026-11-07") == "corrected"


def test_what_counts_as_in_time_is_not_made_late() -> None:
    shop = late()
    record(shop, "2026-11-10 09:00", "2026-11-07")
    with nothing_changes():
        assert correct(shop, "2026-11-11 09:00", "2026-11-09") == "would_count_as_late"
    assert correct(shop, "2026-11-11 09:00", "2026-11-08") == "corrected"


def test_what_is_no_value_date_is_refused() -> None:
    shop = manual(timezone="Asia/Bangkok")
    with nothing_changes():
        assert record(shop, "2026-11-03 23:30", "2026-11-04") == "invalid"  # tomorrow
        assert record(shop, "2026-11-03 23:30", "2026-10-31") == "invalid"  # before it joined
    record(shop, "2026-11-03 23:30", "2026-11-03")
    with nothing_changes():
        for arrived in ("2026-11-04", "2026-10-31"):
            assert correct(shop, "2026-11-05 09:00", arrived) == "invalid"
        assert correct(shop, "2026-11-05 09:00", "2026-11-02", " ") == "invalid"
        with pytest.raises(value_dates.UnknownTransfer):
            value_dates.correct(
                transfer_id=10**9, arrived_on=date(2026, 11, 2), reason=WHY, actor=OPERATOR,
                now=shop.at("2026-11-05 09:00"),
            )  # fmt: skip
    row = move(shop)
    with nothing_changes(), pytest.raises(AlreadyDecided):
        value_dates.correct(
            transfer_id=row.pk, arrived_on=date(2026, 11, 2), reason=WHY, actor=OPERATOR,
            now=shop.at("2026-11-05 09:00"),
        )  # fmt: skip
    with pytest.raises(Invalid):
        value_dates.checked(shop.account, date(2027, 1, 1))


@pytest.mark.full  # one booked here, above
def test_a_transfer_booked_elsewhere_first_counts_from_its_own_day_where_it_belongs() -> None:
    shop, other = manual(), manual("tallow")
    transfer(shop, "2026-11-03 12:00", "39.00")
    other.run_jobs("2026-11-09 09:00")
    assert str(invoice(SECOND).first_failed_on) == "2026-11-08"
    row = BankTransfer.objects.get()
    transfers_moved.move(
        transfer_id=row.pk, to="tallow", reason=WHY, told=WHY, actor=OPERATOR,
        now=shop.at("2026-11-10 09:00"),
    )  # fmt: skip
    assert history(invoice(SECOND)) == [
        "Issued", "Payment Unapplied money", "Paid at the end of 3 Nov 2026"
    ]  # fmt: skip
    assert arrivals.collected_on(invoice(SECOND), list(invoices.attempts(invoice(SECOND)))) == date(
        2026, 11, 3
    )
    # Nor is it made late there.
    with nothing_changes():
        assert correct(other, "2026-11-11 09:00", "2026-11-09") == "would_count_as_late"
