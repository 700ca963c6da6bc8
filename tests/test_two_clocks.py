"""Clocks differ, and locks are waited for: instants of a book's rows never fall (rule 2.7)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from moneyed import Money

from billing.models import Charge, Invoice, Statement
from billing.operations import charges, credits, invoice_decisions, terms, transfers
from credit.models import Freeze, LimitEntry, Order, OrderFlag, PayoutDestination, Withdrawal
from credit.operations import destinations, flags, freezes, limits, withdrawals
from lib import audit
from tests import shops
from tests.amounts import usd
from tests.factories import ChargeFactory
from tests.shops import Shop
from tests.threads import at_once
from tests.unchanged import nothing_changes

MIDNIGHT = "2026-11-10 00:00"
ROUNDS = 4
THREADS = 6
FEW_MILLISECONDS = timedelta(milliseconds=3)


def assert_audit_is_clean() -> None:
    """Check that the audit finds nothing."""
    findings = audit.run(audit.registered(), now=shops.instant("2100-01-01 00:00"))
    assert {found.check.name: found.listed for found in findings if found.violations} == {}


def around(midnight: datetime, thread: int, step: int) -> datetime:
    """What the clock of a thread says at a step: they go around midnight, none like another."""
    return midnight + (step - ROUNDS / 2) * FEW_MILLISECONDS - thread * timedelta(milliseconds=1)


# --- one after the other --------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_clock_behind_the_last_row_counts_at_it() -> None:
    shop = shops.join("2026-11-01 10:00")
    ChargeFactory.create(shop=shop, at="2026-11-05 10:00:01.000", amount="1.00")
    behind = ChargeFactory.create(shop=shop, at="2026-11-05 10:00:00.997", amount="1.00")
    assert behind.arrived_at == shop.at("2026-11-05 10:00:01.000")
    assert behind.at == shop.at("2026-11-05 10:00:00.997")  # what the sender said is kept
    assert shop.account.last_wrote_at == shop.at("2026-11-05 10:00:01.000")
    assert_audit_is_clean()


@pytest.mark.django_db
def test_what_comes_after_a_day_was_opened_belongs_to_it() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.run_jobs(MIDNIGHT)
    late = ChargeFactory.create(shop=shop, at="2026-11-09 23:59:59.9", amount="250.00")
    assert late.arrived_at == shop.at(MIDNIGHT)
    assert shop.invoices() == ["2026-11-10 THRESHOLD 250.00"]
    assert Invoice.objects.get().issued_at == shop.at(MIDNIGHT)
    assert_audit_is_clean()


@pytest.mark.django_db
def test_a_statement_opens_with_its_first_charge_whatever_the_clocks_say() -> None:
    shop = shops.join("2026-11-01 10:00")
    ChargeFactory.create(shop=shop, at="2026-11-05 10:00:00.003", amount="1.00")
    ChargeFactory.create(shop=shop, at="2026-11-05 10:00:00.000", amount="1.00")
    assert Statement.objects.get().opened_at == shop.at("2026-11-05 10:00:00.003")
    assert_audit_is_clean()


@pytest.mark.django_db
def test_a_bill_takes_no_item_that_posts_after_it() -> None:
    shop = shops.join("2026-11-01 10:00")
    ChargeFactory.create(shop=shop, at="2026-11-05 10:00:00.003", amount="150.00")
    ChargeFactory.create(shop=shop, at="2026-11-05 10:00:00.000", fee="receiving", amount="50.00")
    invoice = Invoice.objects.get()
    assert (invoice.issued_at, invoice.total) == (shop.at("2026-11-05 10:00:00.003"), usd(200))
    assert_audit_is_clean()


@pytest.mark.django_db
def test_a_refused_charge_moves_no_instant() -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes():
        refused = shop.charge("2026-11-01 12:00", "no-such-fee", "1.00")
    assert refused == "rejected invalid"
    assert shop.account.last_wrote_at == shop.at("2026-11-01 10:00")


@pytest.mark.django_db
def test_an_order_of_a_clock_that_is_behind_is_placed_on_the_open_day() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.run_jobs(MIDNIGHT)
    assert shop.place("2026-11-09 23:59:59.9", "A", "10.00") == "applied"
    assert Order.objects.get().placed_at == shop.at(MIDNIGHT)
    assert LimitEntry.objects.latest("pk").at == shop.at(MIDNIGHT)
    assert shop.place("2026-11-10 09:00", "B", "10.00") == "applied"
    assert shop.place("2026-11-10 08:59", "C", "99999.00") == "declined insufficient_credit"
    assert Order.objects.get(reference="C").placed_at == shop.at("2026-11-10 09:00")
    assert_audit_is_clean()


@pytest.mark.django_db
def test_an_operation_on_both_books_counts_at_one_instant_for_both() -> None:
    """The line has opened 10 Nov; a transfer that pays the bill comes from a clock behind that."""
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-05 10:00", "pick-pack", "200.00")
    line = shop.place("2026-11-10 09:00", "A", "10.00")
    assert line == "applied"
    assert (shop.account.open_on.day, shop.line.open_on.day) == (1 + 4, 10)
    invoice = Invoice.objects.get()
    transfers.record(
        invoice_id=invoice.pk,
        amount=Money(200, "USD"),
        reference="wire 1",
        actor="bo@tael.example",
        now=shop.at("2026-11-09 23:00"),
    )
    assert invoice.payments.get().ended_at == shop.at("2026-11-10 09:00")
    assert (shop.account.open_on.day, shop.line.open_on.day) == (10, 10)
    assert_audit_is_clean()


@pytest.mark.django_db
def test_a_change_of_zone_starts_with_one_month_for_both_books() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place("2026-12-01 00:00", "A", "10.00")  # the line is in December, the account was not
    period = terms.change_time_zone(
        merchant_id=shop.merchant.pk,
        timezone="Asia/Bangkok",
        actor="bo@tael.example",
        reason="moved",
        now=shop.at("2026-11-30 23:59"),
    )
    assert str(period.starts_on) == "2027-01-01"
    assert (str(shop.account.open_on), str(shop.line.open_on)) == ("2026-12-01", "2026-12-01")


@pytest.mark.django_db
def test_what_a_job_flags_counts_no_earlier_than_the_line() -> None:
    shop = shops.join("2026-11-01 10:00")
    for number in range(5):
        shop.place(f"2026-11-02 10:0{number}", f"A-{number}", "1.00", buyer="Wang")
    shop.place("2026-11-02 12:00", "B", "1.00", buyer="Li")
    flags.raise_flags([shop.line.pk], now=shop.at("2026-11-02 11:00"))
    flag = OrderFlag.objects.get()
    assert flag.at == shop.at("2026-11-02 12:00")
    decided = flags.confirm(
        flag_id=flag.pk, actor="co@tael.example", reason="fake", now=shop.at("2026-11-02 11:30")
    )
    assert decided.decided_at == shop.at("2026-11-02 12:00")
    assert_audit_is_clean()


# --- at once --------------------------------------------------------------------------------------


@pytest.mark.full  # buyers, the shop and officers, below
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_charges_whose_clocks_differ_around_midnight() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="5.00")
    midnight = shop.at(MIDNIGHT)

    def write(thread: int) -> int:
        """Record charges by this thread's clock: how many."""
        for step in range(ROUNDS):
            now = around(midnight, thread, step)
            charges.record(
                charges.NewCharge(
                    merchant_id=shop.merchant.pk,
                    reference=f"{thread}-{step}",
                    fee=("pick-pack", "shipping-label", "app-usage")[(thread + step) % 3],
                    currency="USD",
                    amount=Decimal("2.00"),
                    quantity=Decimal(1),
                    at=now - timedelta(seconds=1),
                    now=now,
                )
            )
        return ROUNDS

    assert at_once(write, threads=THREADS) == {ROUNDS: THREADS}
    assert Charge.objects.filter(amount=2).count() == ROUNDS * THREADS
    assert_audit_is_clean()


@pytest.mark.full  # a line is written so above
@pytest.mark.django_db(transaction=True)
def test_officers_and_the_platform_whose_clocks_differ_write_one_account() -> None:
    shop = shops.join("2026-11-01 10:00", billing_threshold="50.00")
    shop.charge("2026-11-09 12:00", "pick-pack", "49.00")
    midnight = shop.at(MIDNIGHT)

    def write(thread: int) -> int:
        """Charge, give credits or void the latest bill by this thread's clock: how many."""
        for step in range(ROUNDS):
            now = around(midnight, thread, step)
            if thread % 3 == 0:
                ChargeFactory.create(shop=shop, at=now.isoformat(), amount="20.00")
            elif thread % 3 == 1:
                credits.grant(
                    merchant_id=shop.merchant.pk,
                    fee="credit-pick-pack",
                    amount=Money("1.00", "USD"),
                    told="sorry",
                    reason="sorry",
                    request_key=f"{thread}-{step}",
                    actor="bo@tael.example",
                    now=now,
                )
            else:
                _void_the_latest(now)
        return ROUNDS

    assert at_once(write, threads=THREADS) == {ROUNDS: THREADS}
    assert_audit_is_clean()


def _void_the_latest(now: datetime) -> None:
    """Void the latest open bill, if it may be."""
    invoice = Invoice.objects.filter(status=Invoice.Status.OPEN).order_by("-pk").first()
    if invoice is None:
        return
    try:
        invoice_decisions.void(
            invoice_id=invoice.pk, actor="bo@tael.example", reason="again", now=now
        )
    except invoice_decisions.InvoiceNotOpen:
        return  # another thread was first


@pytest.mark.django_db(transaction=True)
def test_buyers_the_shop_and_officers_whose_clocks_differ_write_one_line() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00", settlement_days=0)
    for number in range(THREADS * ROUNDS):
        shop.place("2026-11-02 10:00", f"old-{number}", "1.00")
    shop.pay("2026-11-02 10:00", "old-0", "1.00")
    destination = _destination(shop)
    midnight = shop.at(MIDNIGHT)
    doings = _doings(shop, destination)

    def write(thread: int) -> int:
        """Do all doings in turn by this thread's clock: how many."""
        for step in range(ROUNDS):
            doings[(thread + step) % len(doings)](
                f"{thread}-{step}", thread * ROUNDS + step, around(midnight, thread, step)
            )
        return ROUNDS

    assert at_once(write, threads=THREADS) == {ROUNDS: THREADS}
    assert Withdrawal.objects.exists()
    assert Freeze.objects.exists()
    assert_audit_is_clean()


def _destination(shop: Shop) -> PayoutDestination:
    """A destination of the shop's."""
    destination, _ = destinations.add(
        merchant_id=shop.merchant.pk,
        kind=PayoutDestination.Kind.ALIPAY,
        holder="Rosewood Dresses",
        number="pay@rosewood.example",
        actor="owner@rosewood.example",
        now=shop.at("2026-11-02 10:00"),
    )
    return destination


Doing = Callable[[str, int, datetime], object]


def _doings(shop: Shop, destination: PayoutDestination) -> list[Doing]:
    """All that the two clocks write at once."""
    merchant_id = shop.merchant.pk

    def place(name: str, number: int, now: datetime) -> object:
        return shop.place(now.isoformat(), name, "1.00")

    def pay(name: str, number: int, now: datetime) -> object:
        return shop.pay(now.isoformat(), f"old-{number}", "1.00", name)

    def withdraw(name: str, number: int, now: datetime) -> object:
        withdrawal, _ = withdrawals.request(
            merchant_id=merchant_id,
            destination_id=destination.pk,
            amount=Money("0.01", "USD"),
            request_key=name,
            actor="owner@rosewood.example",
            now=now,
        )
        return withdrawals.cancel(
            merchant_id=merchant_id,
            withdrawal_id=withdrawal.pk,
            actor="owner@rosewood.example",
            now=now - FEW_MILLISECONDS,
        )

    def freeze(name: str, number: int, now: datetime) -> object:
        """Freeze the line, and lift that by a clock that is a little behind."""
        by = {"actor": "co@tael.example", "note": "look"}
        frozen = freezes.place(merchant_id=merchant_id, reason=Freeze.Reason.MANUAL, now=now, **by)
        return freezes.lift(freeze_id=frozen.pk, now=now - FEW_MILLISECONDS, **by)

    def change(name: str, number: int, now: datetime) -> object:
        """Set another limit."""
        return limits.set_limit(
            merchant_id=merchant_id,
            limit=Money(100 + number + 1, "USD"),
            actor="co@tael.example",
            reason="as agreed",
            now=now,
        )

    return [place, pay, withdraw, freeze, change]


@pytest.mark.django_db(transaction=True)
def test_a_line_that_waited_for_its_lock_counts_at_what_was_written_meanwhile() -> None:
    """Both threads read their clock before either has the lock: the second counts no earlier."""
    shop = shops.join("2026-11-01 10:00")
    now = shop.at("2026-11-05 10:00")

    def write(thread: int) -> bool:
        """Place an order by this thread's clock."""
        mine = now + thread * timedelta(seconds=1)
        shop.place(mine.isoformat(), f"order-{thread}", "1.00")
        return True

    assert at_once(write, threads=THREADS) == {True: THREADS}
    placed = list(Order.objects.order_by("pk").values_list("placed_at", flat=True))
    assert placed == sorted(placed)
    assert placed[-1] == now + (THREADS - 1) * timedelta(seconds=1)
    assert shop.line.last_wrote_at == placed[-1]
    assert_audit_is_clean()
