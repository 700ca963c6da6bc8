"""Opens a closed account again (rule 19.9, rule 19.10)."""

from datetime import datetime, timedelta

from django.db import transaction

from billing.models import AccountChange, BillingAccount, PlanTerm
from billing.notices.account import ACCOUNT_REOPENED
from billing.operations import accounts, invoice_dates
from billing.proposals import REOPENING
from billing.queries import terms
from billing.sorts import REOPENING as REOPENINGS
from credit.models import CreditLine
from credit.operations import closing
from lib import money, wording
from lib.refusals import Refused
from merchants.models import Proposal
from merchants.operations import two_people
from notices.operations import notices

ONE_TICK = timedelta(microseconds=1)  # of the database's clock


class AccountOpen(Refused):
    """The account is open."""

    code = "account_open"


@transaction.atomic
def reopen(
    *,
    merchant_id: int,
    actor: str,
    reason: str,
    told: str = "",
    now: datetime,
    proposal: Proposal | None = None,
) -> BillingAccount:
    """Open the closed account again, and its credit line with the limit that it has. It is written
    on the trail and among operators' decisions. The merchant is notified and reads `told`, or a
    standard sentence without; `reason` is for colleagues.

    It counts after the closing, one tick later if need be. If a plan date passed meanwhile, the
    plan starts anew today, and its fee is charged and billed; else its dates go on. Unless the
    limit is 0, it takes the `proposal` that a second person confirms. Raises AccountOpen,
    TakesTwoPeople, ChangedMeanwhile, Invalid without a reason. It locks account and credit line,
    whose ended days are worked off first (accounts.lock_both). Rule 19.9, rule 19.10.
    """
    reason, told = wording.checked("reason", reason), wording.optional("told", told)
    account, line = accounts.lock_both(merchant_id, now=now)
    closed_at = account.closed_at
    if closed_at is None:
        raise AccountOpen("account: it is open")
    if account.now <= closed_at:
        account, line = accounts.lock_both(merchant_id, now=closed_at + ONE_TICK)
    _check_two_people(line, closed_at, proposal)
    starts_anew = terms.plan_starts_anew(account)
    closing.reopen(merchant_id=merchant_id, now=account.now)
    account.closed_at = account.closed_on = None
    account.save(update_fields=["closed_at", "closed_on"])
    _note(account, line, actor, reason, proposal)
    if starts_anew:
        _start_plan_anew(account)
        account.refresh_from_db()
    notices.write(
        merchant_id=merchant_id,
        kind=ACCOUNT_REOPENED,
        cause=closed_at.isoformat(),
        at=account.now,
        told=told,
    )
    return account


def _check_two_people(line: CreditLine, closed_at: datetime, proposal: Proposal | None) -> None:
    """Raise TakesTwoPeople if the locked line has a limit, which opening gives again, and nobody
    confirms that as `proposal`; ChangedMeanwhile if the closing or the limit is another one than
    was proposed.
    """
    limit = money.full(line.limit)
    wanted = two_people.Change(
        kind=REOPENING,
        subject="closing",
        merchant_id=line.pk,
        before={"account": f"closed since {closed_at.isoformat()}", "limit": limit},
        after={"account": "open", "limit": limit},
    )
    two_people.check(wanted, is_above=line.limit.amount > 0, proposal=proposal)


def _note(
    account: BillingAccount, line: CreditLine, actor: str, reason: str, proposal: Proposal | None
) -> None:
    """Record that the locked account was opened again: as a change of the account with its trail
    row, and as an operator's decision of the sort REOPENINGS, whose figure is the line's limit.
    `proposal` is what the operator confirmed, if it took two people.
    """
    change = accounts.note_change(
        account,
        AccountChange.What.REOPENED,
        after=money.text(line.limit),
        actor=actor,
        reason=reason,
        now=account.now,
        trailed={"account": ("closed", "open")},
        proposal=proposal,
    )
    two_people.note(
        REOPENINGS, subject=f"account change {change.pk}", merchant_id=account.pk,
        currency=line.currency, figure=line.limit.amount, day=account.open_on, proposal=proposal,
        actor=actor, now=account.now,
    )  # fmt: skip


def _start_plan_anew(account: BillingAccount) -> None:
    """Start the plan that was chosen last on the locked account's open day: charge and bill its
    fee, of which the merchant is notified, and count its dates from there. It sets `next_plan_on`
    on the account.
    """
    today, plan = account.open_on, terms.plan_chosen(account)
    PlanTerm.objects.create(
        account=account,
        starts_on=today,
        plan=plan.plan,
        plan_price=plan.plan_price,
        plan_interval_days=plan.plan_interval_days,
    )
    account.next_plan_on = today + timedelta(days=plan.plan_interval_days)
    account.save(update_fields=["next_plan_on"])
    invoice_dates.bill_plans([account.pk], on=[today], at=[account.now])
