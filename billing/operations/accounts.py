"""Opens and locks billing accounts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from moneyed import Money

from billing.models import AccountChange, BillingAccount, PlanTerm
from billing.models.accounts import CYCLE, CYCLE_DAYS
from billing.operations import days, invoice_dates, unusable_methods
from billing.trail import Action
from credit.models import CreditLine
from credit.operations import days as line_days
from credit.operations import lines
from lib import calendar, day_ends, money, prepared, rows
from lib.refusals import Invalid
from merchants.models import Merchant, Proposal
from merchants.operations import two_people
from trail import operations as trail

LONGEST_INTERVAL_DAYS = 3660
What = AccountChange.What
ACTIONS = {
    What.THRESHOLD: Action.THRESHOLD_CHANGED,
    What.PLAN: Action.PLAN_CHANGED,
    What.TIMEZONE: Action.TIME_ZONE_CHANGED,
    What.PAYMENT_METHOD: Action.METHOD_CHANGED,
    What.BILL_REVIEW: Action.INVOICE_REVIEW_CHANGED,
    What.ISSUER: Action.ISSUER_CHOSEN,
    What.CLOSED: Action.ACCOUNT_CLOSED,
    What.REOPENED: Action.ACCOUNT_REOPENED,
    What.REST_BILLED: Action.REST_BILLED,
    What.PAID_OUT: Action.REST_PAID_OUT,
}

FIELDS = [field.attname for field in BillingAccount._meta.concrete_fields]
COLUMNS = ", ".join(f'"{field}"' for field in FIELDS)
LOCK = f"""
SELECT {COLUMNS} FROM billing_billingaccount WHERE merchant_id = %(account)s FOR NO KEY UPDATE
"""
# The row is locked by the very update that notes the instant. What was last written is that of the
# row as it is once the lock is ours, however long that took.
LOCK_AND_NOTE = f"""
UPDATE billing_billingaccount SET last_wrote_at = greatest(last_wrote_at, %(now)s)
WHERE merchant_id = %(account)s RETURNING {COLUMNS}
"""

HOLD = """
SELECT merchant_id, open_until FROM billing_billingaccount
WHERE merchant_id = ANY(%(accounts)s::bigint[])
ORDER BY merchant_id FOR NO KEY UPDATE
"""


@dataclass(frozen=True)
class Plan:
    """The merchant's subscription: `price` is due every `interval_days`, in advance."""

    name: str
    price: Money
    interval_days: int

    def check(self, currency: str) -> None:
        """Raise Invalid if the plan's days or price are none that an account can have, and
        CurrencyMismatch if its price is not in `currency`.
        """
        if not CYCLE_DAYS <= self.interval_days <= LONGEST_INTERVAL_DAYS:
            raise Invalid(
                "plan_interval_days", f"must be between {CYCLE_DAYS} and {LONGEST_INTERVAL_DAYS}"
            )
        if self.price.amount < 0:
            raise Invalid("plan_price", "must not be negative")
        money.accepted(self.price, currency, field="plan_price")


class NewAccount(NamedTuple):
    """A merchant's account that is to be opened in the currency of its threshold, on the local day
    of `now`.
    """

    merchant: Merchant
    threshold: Money
    plan: Plan
    payment_method: str
    now: datetime

    def row(self) -> BillingAccount:
        """The account, which is not written yet. Raises Invalid for a plan interval under 30 days
        or too long, an amount below 0 and figures the currency can't have, and CurrencyMismatch for
        a plan in another currency. Whether the payment method collects in the currency is not
        checked.
        """
        currency, timezone = self.threshold.currency.code, self.merchant.timezone
        self.plan.check(currency)
        if self.threshold.amount < 0:
            raise Invalid("billing_threshold", "must not be negative")
        today = calendar.local_date(self.now, timezone)
        return BillingAccount(
            merchant=self.merchant,
            currency=currency,
            threshold=money.accepted(self.threshold, currency, field="billing_threshold"),
            plan=self.plan.name,
            plan_price=self.plan.price,
            plan_interval_days=self.plan.interval_days,
            payment_method=self.payment_method,
            joined_on=today,
            next_plan_on=today + timedelta(days=self.plan.interval_days),
            next_cycle_on=today + CYCLE,
            timezone=timezone,
            open_on=today,
            open_until=calendar.day_end(today, timezone),
            last_wrote_at=self.now,
        )


@transaction.atomic
def open(new: Sequence[NewAccount]) -> None:
    """Open these accounts, each with its first plan term, charge the first plan fees, and write the
    bills for them, of which the merchants are notified; none where the plan is free, or its fee is
    less than the account's provider collects. Raises Invalid and CurrencyMismatch for terms that an
    account can't have (NewAccount.row): then none is opened. That no merchant has an account yet is
    for the caller to see to: the database would refuse a second one (IntegrityError).
    """
    accounts = [one.row() for one in new]
    rows.insert(accounts)
    rows.insert(
        [
            PlanTerm(
                account=account,
                starts_on=account.joined_on,
                plan=account.plan,
                plan_price=account.plan_price,
                plan_interval_days=account.plan_interval_days,
            )
            for account in accounts
        ]
    )
    invoice_dates.bill_plans(
        [account.pk for account in accounts],
        on=[account.joined_on for account in accounts],
        at=[account.last_wrote_at for account in accounts],
    )


def lock(merchant_id: int, *, now: datetime) -> BillingAccount:
    """Lock the account until the transaction ends, and return it with all days worked off that end
    by `account.now`, with the bills and notices that these bring.

    Every operation on an account does this first, and then counts at `account.now`: the latest of
    `now`, the instant last written to the account and the start of its open day, since clocks
    differ and locks are waited for. An account whose payment method can't collect in its currency
    any more is moved to bank transfer, with a trail row. Raises BillingAccount.DoesNotExist, and
    DaysNotWorkedOff if a day cannot be worked off. Rule 2.4, rule 2.5.
    """
    account = _locked(merchant_id, now, LOCK_AND_NOTE)
    counts_at = account.last_wrote_at  # as a day starts that instant is noted, too
    if account.open_until <= counts_at:
        with day_ends.of_merchant(merchant_id):
            days.work_off([merchant_id], now=counts_at)
        account = _locked(merchant_id, now, LOCK)
    account.now = counts_at
    if unusable_methods.is_unusable(account.payment_method, account.currency):
        unusable_methods.leave(account, now=account.now)
    return account


def lock_both(merchant_id: int, *, now: datetime) -> tuple[BillingAccount, CreditLine]:
    """Lock the account and then the line, and return both, with one instant for both: the later of
    theirs.

    It is for operations that touch both books, before they write to either. Ended days are worked
    off first, as `lock` and lines.lock do. Raises BillingAccount.DoesNotExist,
    CreditLine.DoesNotExist, and DaysNotWorkedOff if a day cannot be worked off. Rule 2.6.
    """
    account = lock(merchant_id, now=now)
    line = lines.lock(merchant_id, now=account.now)
    if line.now > account.now:
        account = lock(merchant_id, now=line.now)
    return account, line


class Held(NamedTuple):
    """The books of merchants that are locked, by their keys, each with the instant at which its
    open day ends.
    """

    accounts: dict[int, datetime]
    lines: dict[int, datetime]

    def work_off(
        self,
        *,
        now: datetime,
        accounts: Collection[int] | None = None,
        lines: Collection[int] | None = None,
    ) -> None:
        """Work off, under the locks that `hold_both` has taken, the days that have ended by `now`
        of these accounts and lines, as far as they are among the locked ones, and of all of these
        where None is given. An error undoes the caller's whole transaction.
        """
        days.work_off(_ended(self.accounts, accounts, now), now=now, ends_caller=True)
        line_days.work_off(_ended(self.lines, lines, now), now=now, ends_caller=True)


def _ended(
    books: Mapping[int, datetime], chosen: Collection[int] | None, now: datetime
) -> list[int]:
    """The keys of those of the books whose open day has ended by `now`, if they are among the
    `chosen` ones, in the order of these; None chooses all.
    """
    keys = books if chosen is None else chosen
    return [key for key in keys if key in books and books[key] <= now]


def hold_both(merchant_ids: Collection[int]) -> Held:
    """Lock the accounts of these merchants until the transaction ends, and then their lines, each
    in the order of their keys. A merchant without one is left out of what is returned.

    No day is worked off, and no instant is noted. It is for callers that then lock some of them one
    by one, in another order, such as that of events.
    """
    keys = list(merchant_ids)
    of_accounts, of_lines = prepared.rows_of_each(
        [(HOLD, {"accounts": keys}), (lines.HOLD, {"lines": keys})]
    )
    return Held(dict(of_accounts), dict(of_lines))


def _locked(merchant_id: int, now: datetime, lock: str) -> BillingAccount:
    """Lock and return the account's row, by the statement `lock` (LOCK or LOCK_AND_NOTE), in one
    query, since every operation starts here. `account.now` is not set yet. Raises
    BillingAccount.DoesNotExist.
    """
    row = prepared.row(lock, {"account": merchant_id, "now": now})
    if row is None:
        raise BillingAccount.DoesNotExist
    return rows.loaded(BillingAccount, FIELDS, row)


def note_change(
    account: BillingAccount,
    what: What,
    *,
    before: str = "",
    after: str = "",
    effective_on: date | None = None,
    actor: str,
    reason: str,
    now: datetime,
    trailed: Mapping[str, tuple[str, str]],
    proposal: Proposal | None = None,
) -> AccountChange:
    """Record a change of the locked account's terms, with a trail row; the account's own row is
    changed by the caller, who has checked the reason. It takes effect on the open day unless
    `effective_on` is given. The merchant is not notified.

    `before` and `after` are the values in the record, which is written in any case. `trailed` has
    pairs of the values before and after for the trail, by name; no trail row is written if no pair
    differs. `proposal` is what a second person confirmed, if anybody did.
    """
    change = AccountChange.objects.create(
        account=account,
        what=what,
        before=before,
        after=after,
        effective_on=effective_on or account.open_on,
        actor=actor,
        reason=reason,
        at=now,
    )
    if any(was != becomes for was, becomes in trailed.values()):
        starts = {"from": effective_on.isoformat()} if effective_on else {}
        trail.write(
            ACTIONS[what],
            merchant_id=account.pk,
            subject="billing account",
            before={name: was for name, (was, _) in trailed.items()},
            after={name: becomes for name, (_, becomes) in trailed.items()}
            | starts
            | two_people.proposed_by(proposal),
            actor=actor,
            reason=reason,
            now=now,
        )
    return change
