"""Changes to an account's terms: plan, time zone, review of its bills, closing.

See chapter 19 of docs/rules.md.
"""

from datetime import date, datetime

from django.db import transaction
from moneyed import Money

from billing.models import AccountChange, BillingAccount, Fee, Invoice, PlanTerm, Reversal
from billing.operations import accounts, charges, invoices, items, rests, unapplied
from billing.operations.charges import AccountClosed
from billing.operations.payments import PaymentUnderWay
from billing.proposals import REST
from billing.providers.minimums import is_too_little
from billing.queries import undecided
from credit.operations import closing
from credit.operations.withdrawal_transitions import stop_if_suspected
from lib import calendar, money, wording
from lib.refusals import Conflict, Refused
from merchants.models import Proposal, TimeZonePeriod
from merchants.operations import two_people
from merchants.sorts import PAY_OUT


class NothingToPayOut(Refused):
    """The account is open, or has nothing left in its merchant's favour."""

    code = "nothing_to_pay_out"


class InvoicesUnpaid(Refused):
    """Bills of the account have to be paid first, before any money is paid out."""

    code = "invoices_unpaid"


class DraftWaits(Refused):
    """A draft of the account waits for an operator, and may still become a bill."""

    code = "draft_waits"


class ReversalUndecided(Refused):
    """A payment of the account was taken back, and may still be charged again."""

    code = "reversal_undecided"


class NothingToBill(Refused):
    """The account is open, or has nothing outstanding."""

    code = "nothing_to_bill"


@transaction.atomic
def change_plan(
    *, merchant_id: int, plan: accounts.Plan, actor: str, reason: str, now: datetime
) -> PlanTerm:
    """Give the account this plan from its next plan date on; nothing is charged or given back now.

    A later change before that date takes its place. Raises AccountClosed, CurrencyMismatch,
    Invalid. Rule 19.1.
    """
    account = _lock_open(merchant_id, now)
    now = account.now
    plan.check(account.currency)
    name = wording.line("plan", plan.name)
    starts_on = account.next_plan_on
    planned = account.plan_terms.latest("pk")
    after = _plan_text(name, plan.price, plan.interval_days)
    accounts.note_change(
        account,
        AccountChange.What.PLAN,
        before=_plan_text(account.plan, account.plan_price, account.plan_interval_days),
        after=after,
        effective_on=starts_on,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"plan": (_term_text(planned), after)},
    )
    return PlanTerm.objects.create(
        account=account,
        starts_on=starts_on,
        plan=name,
        plan_price=plan.price,
        plan_interval_days=plan.interval_days,
    )


@transaction.atomic
def change_time_zone(
    *, merchant_id: int, timezone: str, actor: str, reason: str, now: datetime
) -> TimeZonePeriod:
    """Count the merchant's days in `timezone` from the start of its next local month on; returns
    the period that begins then.

    Billing account and credit line change with the day-end that ends this month; a later change
    before that takes its place. Raises Invalid. Rule 19.2.
    """
    calendar.check_zone(timezone)
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    starts_on = calendar.next_month(account.open_on)
    accounts.note_change(
        account,
        AccountChange.What.TIMEZONE,
        before=account.timezone,
        after=timezone,
        effective_on=starts_on,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"time_zone": (_zone_planned(account, starts_on), timezone)},
    )
    period, _ = TimeZonePeriod.objects.update_or_create(
        merchant_id=merchant_id,
        starts_on=starts_on,
        defaults={
            "timezone": timezone,
            "starts_at": calendar.day_start(starts_on, account.timezone),
        },
    )
    return period


def _zone_planned(account: BillingAccount, on: date) -> str:
    """The time zone that is planned from this day on, or else the account's present one."""
    planned = TimeZonePeriod.objects.filter(merchant_id=account.pk, starts_on=on)
    return planned.values_list("timezone", flat=True).first() or account.timezone


@transaction.atomic
def review_invoices(
    *, merchant_id: int, wanted: bool, actor: str, reason: str, now: datetime
) -> BillingAccount:
    """Set whether the account's bills are drafts that an operator reviews (`wanted`) or are issued
    at once, from the next bill on. Drafts that exist stay drafts.

    Raises Invalid without a reason.
    """
    account = accounts.lock(merchant_id, now=now)
    now = account.now
    accounts.note_change(
        account,
        AccountChange.What.BILL_REVIEW,
        before=str(account.reviews_bills),
        after=str(wanted),
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"review_of_invoices": (_yes_or_no(account.reviews_bills), _yes_or_no(wanted))},
    )
    account.reviews_bills = wanted
    account.save(update_fields=["reviews_bills"])
    return account


@transaction.atomic
def close(*, merchant_id: int, actor: str, reason: str, now: datetime) -> BillingAccount:
    """Close the account: post everything, and bill all that is outstanding in a FINAL bill; less
    than its provider collects is waived instead.

    From then on it takes no charge of the platform's and has no bill dates, and its credit line
    takes no new order. Its statement closes with its month. What is outstanding in the merchant's
    favour pays its unpaid bills; the rest waits to be paid out. Raises AccountClosed, Invalid
    without a reason. Rule 19.3.
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    _check_open(account)
    now = account.now
    closing.close(merchant_id=merchant_id, actor=actor, now=now)
    accounts.note_change(
        account,
        AccountChange.What.CLOSED,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"account": ("open", "closed")},
    )
    account.closed_at = now
    account.closed_on = account.open_on
    account.save(update_fields=["closed_at", "closed_on"])
    items.post_everything(account, now=now)
    bill_all(account, now=now)
    account.refresh_from_db()
    rests.pay_invoices(account, actor=actor, now=now)
    return account


@transaction.atomic
def bill_rest(*, merchant_id: int, actor: str, reason: str, now: datetime) -> BillingAccount:
    """Write a FINAL bill for what a closed account has outstanding, as after a bill was voided;
    less than its provider collects is waived instead.

    Raises NothingToBill, Invalid without a reason. Rule 19.3.
    """
    account, _ = accounts.lock_both(merchant_id, now=now)
    now = account.now
    if not account.is_closed or account.outstanding.amount <= 0:
        raise NothingToBill("account: it is open, or has nothing outstanding")
    accounts.note_change(
        account,
        AccountChange.What.REST_BILLED,
        after=money.text(account.outstanding),
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=now,
        trailed={"outstanding": (_outstanding_text(account), "on a final bill")},
    )
    bill_all(account, now=now)
    account.refresh_from_db()
    return account


@transaction.atomic
def pay_out_rest(
    *,
    merchant_id: int,
    reference: str,
    actor: str,
    reason: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingAccount:
    """Record that a closed account was paid out, under the bank's reference: what is outstanding in
    the merchant's favour, and its unapplied money. Its unpaid bills are paid from that first.

    Above the day's figure for pay-outs it takes the `proposal` that a second person confirms.
    Raises TakesTwoPeople, ChangedMeanwhile, NothingToPayOut, DraftWaits, PaymentUnderWay,
    ReversalUndecided, InvoicesUnpaid, WithdrawalsStopped while fraud is suspected, Conflict for a
    reference under which money was given back before, Invalid. Rule 19.7.
    """
    reference = wording.line("reference", reference)
    account, line = accounts.lock_both(merchant_id, now=now)
    if not account.is_closed:
        raise NothingToPayOut("account: it is open")
    stop_if_suspected(line)
    _check_all_is_decided(account)
    rests.pay_invoices(account, actor=actor, now=account.now)
    if account.outstanding.amount > 0 or not (account.outstanding or account.unapplied):
        raise NothingToPayOut("account: it has nothing in the merchant's favour")
    if account.invoices.filter(status__in=Invoice.UNPAID).exists():
        raise InvoicesUnpaid("account: bills of it are not paid yet")
    outstanding, kept = account.outstanding, account.unapplied
    _check_pay_out(account, kept - outstanding, reference, proposal)
    nothing = money.full(money.zero(account.currency))
    trailed = {"outstanding": (_outstanding_text(account), nothing), "reference": ("", reference)}
    if kept:
        trailed["unapplied"] = (money.full(kept), nothing)
    change = accounts.note_change(
        account,
        AccountChange.What.PAID_OUT,
        before=money.text(outstanding),
        after=reference,
        actor=actor,
        reason=wording.checked("reason", reason, wording.LONGEST_REASON),
        now=account.now,
        trailed=trailed,
        proposal=proposal,
    )
    two_people.note(
        PAY_OUT, subject=f"account change {change.pk}", merchant_id=account.pk,
        currency=account.currency, figure=(kept - outstanding).amount, day=account.open_on,
        proposal=proposal, actor=actor, now=account.now,
    )  # fmt: skip
    if kept:
        _give_back(account, kept, reference, actor, reason)
    if outstanding:
        _charge_payout(account, reference)
    account.refresh_from_db()
    return account


def _check_pay_out(
    account: BillingAccount, rest: Money, reference: str, proposal: Proposal | None
) -> None:
    """Raise TakesTwoPeople if to pay out this rest takes a second person, and nobody confirms it as
    `proposal`; ChangedMeanwhile if it was another rest that was proposed.
    """
    wanted = two_people.Change(
        kind=REST,
        subject="rest",
        merchant_id=account.pk,
        before={"rest": money.full(rest)},
        after={"rest": "paid out", "reference": reference},
    )
    two_people.check_figure(
        PAY_OUT, rest.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip


def _check_all_is_decided(account: BillingAccount) -> None:
    """Raise DraftWaits, PaymentUnderWay or ReversalUndecided while something may still need the
    account's money.
    """
    if account.invoices.filter(status=Invoice.Status.DRAFT).exists():
        raise DraftWaits("account: a draft of it waits to be issued or sent back")
    if undecided.of_account(account.pk):
        raise PaymentUnderWay("payment: one of the account's bills is being checked")
    if account.reversals.filter(status=Reversal.Status.RECORDED).exists():
        raise ReversalUndecided("reversal: one of the account's waits to be decided")


def _give_back(
    account: BillingAccount, amount: Money, reference: str, actor: str, reason: str
) -> None:
    """Record that unapplied money was given back. Raises Conflict for a reference under which money
    was given back before.
    """
    source = unapplied.of_giving_back(reference)
    if account.unapplied_entries.filter(source=source).exists():
        raise Conflict(f"reference: {reference} is known of money that was given back")
    unapplied.give_back(
        account, amount=amount, reference=reference, actor=actor, reason=reason, now=account.now
    )


def _charge_payout(account: BillingAccount, reference: str) -> None:
    """Charge what was paid out, so that nothing is outstanding in the merchant's favour any
    more.
    """
    number = account.changes.filter(what=AccountChange.What.PAID_OUT).count()
    charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.PAYOUT),
        reference=f"payout:{number}",
        amount=-account.outstanding,
        description=reference,
        now=account.now,
    )


def _lock_open(merchant_id: int, now: datetime) -> BillingAccount:
    """The account, locked. Raises AccountClosed."""
    account = accounts.lock(merchant_id, now=now)
    _check_open(account)
    return account


def _check_open(account: BillingAccount) -> None:
    """Raise AccountClosed if the account is closed."""
    if account.is_closed:
        raise AccountClosed(f"account: it was closed on {account.closed_on}")


def _term_text(term: PlanTerm) -> str:
    """The plan term as text for records, such as "basic 39.00/30"."""
    return _plan_text(term.plan, term.plan_price, term.plan_interval_days)


def _plan_text(plan: str, price: Money, days: int) -> str:
    """A plan as text for records, such as "basic 39.00/30": its name, price and days."""
    return f"{plan} {money.text(price)}/{days}"


def _outstanding_text(account: BillingAccount) -> str:
    return money.full(account.outstanding)


def _yes_or_no(wanted: bool) -> str:
    return "yes" if wanted else "no"


def _waive_too_little(account: BillingAccount, now: datetime) -> None:
    """Waive what the locked closed account has outstanding, by a negative charge, if it is less
    than its provider collects.
    """
    account.refresh_from_db(fields=["outstanding"])
    if account.outstanding.amount <= 0 or not is_too_little(account, account.outstanding):
        return
    number = account.charges.filter(fee=Fee.WAIVER).count() + 1
    charges.record_own(
        account,
        fee=Fee.objects.get(pk=Fee.WAIVER),
        reference=f"waiver:{number}",
        amount=-account.outstanding,
        description="",
        now=now,
    )


def invoice_again(account: BillingAccount, *, actor: str) -> None:
    """After a charge on the locked account: if that is closed, write a FINAL bill of what it has
    outstanding, and pay it and others with money of the merchant that we hold.
    """
    if account.is_closed:
        bill_all(account, now=account.now)
        account.refresh_from_db()
        rests.pay_invoices(account, actor=actor, now=account.now)


def bill_all(account: BillingAccount, *, now: datetime) -> None:
    """Write a FINAL bill for all that the locked closed account has outstanding; less than its
    provider collects is waived instead. Does nothing if it has nothing outstanding.
    """
    _waive_too_little(account, now)
    invoices.issue([invoices.Due(account.pk, Invoice.Kind.FINAL, account.open_on, now)])
