"""The job sends withdrawals, here through the sandbox, and flags late ones."""

import pytest
from django.conf import LazySettings

from credit.operations import freezes, payouts
from credit.operations.withdrawals import WithdrawalsStopped
from credit.providers import SandboxNotAllowed
from tests import books, shops
from tests.credit.withdrawing import (
    MERCHANT,
    NOW,
    OPERATOR,
    REFUSED_CARD,
    SILENT_CARD,
    add,
    approve,
    cancel,
    entries,
    fresh,
    notices,
    paid_out,
    reconcile_all,
    run,
    send_all,
    shop_with,
    status,
    suspect,
    withdraw,
)
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with 50,000.00 of proceeds."""
    return shop_with("50000.00")


@pytest.fixture
def sandbox(settings: LazySettings) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@pytest.mark.usefixtures("sandbox")
def test_the_job_sends_and_the_sandbox_pays(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:05")
    paid = fresh(withdrawal)
    assert (paid.status, paid.provider_reference) == ("PAID", f"sandbox-{paid.reference}")
    assert (paid.sent_by, paid.sent_at) == ("send-withdrawals", shop.at("2026-11-03 10:05"))
    assert (paid.ended_at, paid.flagged_late_at) == (shop.at("2026-11-03 10:05"), None)
    assert entries(shop) == ["SALE 50000.00", "WITHDRAWAL -120.00"]
    assert (shop.proceeds(), paid_out(shop)) == ("49880.00", "120.00")
    assert notices(shop) == [("WITHDRAWAL_DONE", paid.reference)]
    with nothing_changes():  # and again, late, and twice at once
        send_all("2026-11-03 10:10")
        reconcile_all("2026-11-03 12:00")
        payouts.send(withdrawal.pk, now=shop.at("2026-11-03 12:00"))


@pytest.mark.usefixtures("sandbox")
def test_one_that_failed_comes_back_with_the_reason(shop: shops.Shop) -> None:
    add(shop, number=REFUSED_CARD)
    withdrawal = withdraw(shop, "120.00")
    send_all()
    failed = fresh(withdrawal)
    assert (failed.status, failed.reason) == ("FAILED", "The account does not take payments.")
    assert entries(shop)[1:] == ["WITHDRAWAL -120.00", "RETURNED 120.00"]
    assert (shop.proceeds(), paid_out(shop)) == ("50000.00", "0.00")
    assert notices(shop) == [("WITHDRAWAL_FAILED", failed.reference)]


@pytest.mark.usefixtures("sandbox")
def test_the_sandbox_can_keep_silent_at_first(shop: shops.Shop) -> None:
    add(shop, number=SILENT_CARD)
    withdrawal = withdraw(shop, "120.00")
    send_all("2026-11-03 10:05")
    assert status(withdrawal) == "UNKNOWN"
    assert (shop.proceeds(), notices(shop)) == ("49880.00", [])
    reconcile_all("2026-11-03 10:10")
    assert status(withdrawal) == "PAID"


def test_the_sandbox_pays_nobody_unless_it_is_allowed(
    shop: shops.Shop, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TAEL_SANDBOX = True
    withdrawal = withdraw(shop, "120.00")
    settings.TAEL_SANDBOX = False
    with nothing_changes():
        with pytest.raises(SandboxNotAllowed, match="TAEL_SANDBOX=1"):
            payouts.send(withdrawal.pk, now=shop.at(NOW))
        send_all()
    assert "was left as it is: sandbox withdrawals need TAEL_SANDBOX=1" in caplog.text


@pytest.mark.usefixtures("sandbox")
def test_a_large_one_waits_for_its_approval(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "20000.00")
    with nothing_changes():
        send_all()
        payouts.send(withdrawal.pk, now=shop.at(NOW))
    approve(withdrawal)
    send_all()
    assert status(withdrawal) == "PAID"


@pytest.mark.usefixtures("sandbox")
def test_a_cancelled_one_is_not_sent(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    cancel(withdrawal)
    with nothing_changes():
        payouts.send(withdrawal.pk, now=shop.at(NOW))


@pytest.mark.usefixtures("sandbox")
def test_suspected_fraud_stops_what_is_not_sent_and_nobody_else(shop: shops.Shop) -> None:
    other = shop_with("300.00", "elsewhere")
    small, large = withdraw(shop, "100.00"), withdraw(shop, "20000.00")
    approve(large)
    theirs = withdraw(other, "100.00")
    freeze = suspect(shop)
    send_all()
    assert (status(small), status(large), status(theirs)) == ("REQUESTED", "APPROVED", "PAID")
    for withdrawal in (small, large):
        with nothing_changes(), pytest.raises(WithdrawalsStopped):
            payouts.send(withdrawal.pk, now=shop.at(NOW))
    freezes.lift(freeze_id=freeze.pk, actor=OPERATOR, note="all is well", now=shop.at(NOW))
    send_all()
    assert (status(small), status(large)) == ("PAID", "PAID")


def test_the_job_leaves_alone_what_people_send(shop: shops.Shop) -> None:
    withdraw(shop, "100.00")
    with nothing_changes():
        send_all()
        reconcile_all("2026-11-05 10:00")


@pytest.mark.usefixtures("sandbox")
def test_what_has_not_ended_after_24_hours_is_flagged_once(shop: shops.Shop) -> None:
    # What comes after the large one on its day has to be approved as well.
    small, large = withdraw(shop, "1.00"), withdraw(shop, "20000.00")
    send_all()
    assert (status(small), status(large)) == ("PAID", "REQUESTED")
    run("late-withdrawals", "2026-11-04 09:59")
    assert fresh(large).flagged_late_at is None
    run("late-withdrawals", "2026-11-04 10:00")
    run("late-withdrawals", "2026-11-04 11:00")
    assert fresh(large).flagged_late_at == shop.at("2026-11-04 10:00")
    assert fresh(small).flagged_late_at is None
    assert fresh(large).requested_by == MERCHANT


@pytest.mark.usefixtures("sandbox")
def test_what_is_flagged_as_late_may_be_sent_afterwards(shop: shops.Shop) -> None:
    withdrawal = withdraw(shop, "20000.00")
    run("late-withdrawals", "2026-11-04 10:00")
    approve(withdrawal, "2026-11-04 12:00")
    send_all("2026-11-04 12:05")
    late = fresh(withdrawal)
    assert late.flagged_late_at == shop.at("2026-11-04 10:00")
    assert late.sent_at == shop.at("2026-11-04 12:05")
    books.assert_clean()
