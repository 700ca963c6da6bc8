"""Recording charges (domain: billing, charge).

Charges come in their thousands for many merchants, so recording is written for a batch; one charge
is a batch of one. The outcome is that of taking them one by one: whenever a charge makes its
account due for a bill, all that came before is written first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from moneyed import Money

from billing.models import BillingAccount, Charge, Fee, Invoice
from billing.models.charges import RESERVED_PREFIX
from billing.models.fees import Posting
from billing.operations import days, invoices, items
from billing.operations.charge_writer import ChargeWriter, ItemKey, Row
from merchants import calendar, money
from merchants.refusals import Conflict, Invalid, Refused

SMALLEST_QUANTITY = Decimal("0.000001")
LARGEST_QUANTITY = Decimal(10) ** 12


class ChargeConflict(Conflict):
    """A charge is known under this reference with other content."""


@dataclass(frozen=True, slots=True)
class NewCharge:
    """What the platform says of one charge: the service happened `at`, and we heard of it `now`."""

    merchant_id: int
    reference: str
    fee: str
    amount: Money
    quantity: Decimal
    at: datetime
    now: datetime
    request: str = ""
    description: str = ""


def record(charge: NewCharge) -> tuple[Charge, bool]:
    """Record one charge. Returns it and whether it is new.

    Raises ChargeConflict, CurrencyMismatch, Invalid. Zero is legal, a negative amount is not.
    """
    (outcome,) = record_many([charge])
    if isinstance(outcome, Refused):
        raise outcome
    recorded = Charge.objects.get(account_id=charge.merchant_id, reference=charge.reference)
    return recorded, outcome


@transaction.atomic
def record_many(charges: Sequence[NewCharge]) -> list[bool | Refused]:
    """Record charges in the order given.

    For each: whether it is new (False for a repeat), or the refusal it met; the others go on.
    Locks the accounts of all of them, in the order of their keys, to the end of the transaction.
    """
    batch = _Batch(charges)
    outcomes: list[bool | Refused] = []
    for charge in charges:
        try:
            outcomes.append(batch.take(charge))
        except Refused as refusal:
            outcomes.append(refusal)
    batch.writer.flush()
    return outcomes


class _Batch:
    """The accounts of a batch while it is recorded; `writer` holds what is not written yet."""

    def __init__(self, charges: Sequence[NewCharge]) -> None:
        account_ids = sorted({charge.merchant_id for charge in charges})
        locked = BillingAccount.objects.select_for_update().filter(pk__in=account_ids)
        self.accounts = {account.pk: account for account in locked.order_by("pk")}
        self.fees = Fee.objects.in_bulk()
        self.writer = ChargeWriter()
        keys = [(charge.merchant_id, charge.reference) for charge in charges]
        self.known = self.writer.contents_of(keys)

    def take(self, charge: NewCharge) -> bool:
        account = self.accounts[charge.merchant_id]
        if account.open_until <= charge.now:
            self.writer.flush()
            days.work_off([account.pk], now=charge.now)
            account.refresh_from_db()
        fee = self._checked_fee(charge)
        row = self._row(charge, fee, account)
        key = (account.pk, charge.reference)
        if key in self.known:
            if self.known[key] != row.content:
                raise ChargeConflict(f"charge: {charge.reference} is known with other content")
            return False
        self.known[key] = row.content
        self._add(row, fee, account, charge.now)
        return True

    def _checked_fee(self, charge: NewCharge) -> Fee:
        fee = self.fees.get(charge.fee)
        if fee is None or not fee.is_sent_by_platform:
            raise Invalid("fee", f"there is no fee {charge.fee!r} that the platform can charge")
        if charge.reference.startswith(RESERVED_PREFIX):
            raise Invalid("charge", f"references that start with {RESERVED_PREFIX} are Tael's own")
        if charge.amount.amount < 0:
            raise Invalid("amount", "must not be negative; a credit corrects a charge")
        quantity = charge.quantity
        if not 0 <= quantity < LARGEST_QUANTITY or quantity % SMALLEST_QUANTITY:
            raise Invalid("quantity", "must be from 0 to 10^12, with 6 decimals at most")
        return fee

    def _row(self, charge: NewCharge, fee: Fee, account: BillingAccount) -> Row:
        amount = money.figure(charge.amount, account.currency)
        service_on = calendar.local_date(charge.at, account.timezone)
        today = account.open_on
        if service_on > today:
            raise Invalid("at", f"{charge.at.isoformat()} is not here yet")
        # The month of a charge is closed once a later one is open; then it joins the open one.
        is_late = calendar.month_of(service_on) < calendar.month_of(today)
        month = calendar.month_of(today if is_late else service_on)
        return Row(
            account_id=account.pk,
            reference=charge.reference,
            fee_id=fee.code,
            request=charge.request,
            description=charge.description,
            quantity=charge.quantity,
            currency=account.currency,
            amount=amount,
            at=charge.at,
            service_on=service_on,
            # A clock behind the one that opened this day does not take us back into the last.
            arrived_at=max(charge.now, calendar.day_start(today, account.timezone)),
            is_late=is_late,
            month=month if fee.is_on_statements else None,
            item=_item_key(fee, account, is_late=is_late),
        )

    def _add(self, row: Row, fee: Fee, account: BillingAccount, now: datetime) -> None:
        self.writer.add(row)
        if row.item.posting == Posting.IMMEDIATE:
            account.outstanding += row.amount
            if account.outstanding >= account.threshold:
                self._bill(account, now)
        elif row.item.posting == Posting.DAILY:
            account.accruing += row.amount
        else:
            return  # it counts for nothing until the month ends
        if account.outstanding + account.accruing >= 2 * account.threshold:
            self._post_early(account, now)

    def _bill(self, account: BillingAccount, now: datetime) -> None:
        self.writer.flush()
        invoices.issue([invoices.Due(account.pk, Invoice.Kind.THRESHOLD, account.open_on, now)])
        account.refresh_from_db()

    def _post_early(self, account: BillingAccount, now: datetime) -> None:
        """The guard: what has accrued does not wait for the day's end when it is that much."""
        self.writer.flush()
        reached = items.post_accrued(account, now=now)
        account.refresh_from_db()
        if reached:
            self._bill(account, now)


def _item_key(fee: Fee, account: BillingAccount, *, is_late: bool) -> ItemKey:
    """Which item a charge joins, arriving on the account's open day."""
    today = account.open_on
    posting, posting_on = Posting(fee.posting), today
    if posting == Posting.MONTHLY and is_late:
        posting = Posting.IMMEDIATE  # its own month's end is past: it posts as it arrives
    elif posting == Posting.MONTHLY:
        posting_on = calendar.month_end(today)
    return ItemKey(account.pk, fee.code, posting, posting_on)
