"""Records charges (rule 12.7).

Charges come in thousands for many merchants, so recording is written for a batch; one charge is a
batch of one. The outcome is that of recording them one by one: whenever a charge makes its account
due for a bill, all charges before it are written first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models import BillingAccount, Charge, Fee, Invoice
from billing.models.charges import RESERVED_PREFIX
from billing.models.fees import Posting
from billing.operations import days, invoices, items
from billing.operations.charge_batches import ChargeWriter, Content, ItemKey, Row
from billing.queries.prices import PriceList
from credit.operations import lines
from lib import arrival, calendar, day_ends, money, prepared, rows
from lib.refusals import Conflict, CurrencyMismatch, Invalid, Refused
from merchants.queries import local_day

FIELDS = [field.attname for field in BillingAccount._meta.concrete_fields]
LOCK = f"""
SELECT {", ".join(f'"{field}"' for field in FIELDS)} FROM billing_billingaccount
WHERE merchant_id = ANY(%(accounts)s::bigint[]) ORDER BY merchant_id FOR NO KEY UPDATE
"""
SMALLEST_QUANTITY = Decimal("0.000001")
LARGEST_QUANTITY = Decimal(10) ** 12


class ChargeConflict(Conflict):
    """A charge is known under this reference with other content."""


class AccountClosed(Refused):
    """The account is closed; it takes no further charge."""

    code = "account_closed"
    sentence = _("Your account is closed.")


class NewCharge(NamedTuple):
    """A charge as the platform states it: the service happened `at`, and the event arrived
    `now`.
    """

    merchant_id: int
    reference: str
    fee: str
    currency: str
    amount: Decimal | None  # None: quantity times the price of the service's day, rounded once
    quantity: Decimal
    at: datetime
    now: datetime
    request: str = ""
    description: str = ""


def record(charge: NewCharge) -> tuple[Charge, bool]:
    """Record one charge. Returns the charge, and whether it is new; False for a repeat, which
    changes nothing. Days of its account that have ended are worked off first, and a bill is written
    if the threshold is reached, of which the merchant is notified unless it is a draft. It locks
    the account.

    Raises KeyError for a merchant without an account, DaysNotWorkedOff, ChargeConflict,
    CurrencyMismatch, AccountClosed, and Invalid: for a fee that the platform cannot charge, a
    reference that is Tael's own, a negative amount (0 is allowed), a quantity that cannot be, an
    instant that has not come, and neither an amount nor a price. Rule 12.7.
    """
    (outcome,) = record_many([charge])
    if isinstance(outcome, Refused):
        raise outcome
    recorded = Charge.objects.get(account_id=charge.merchant_id, reference=charge.reference)
    return recorded, outcome


@transaction.atomic
def record_many(charges: Sequence[NewCharge]) -> list[bool | Refused]:
    """Record charges in the order given, of which threshold bills may come, with notices, and days
    that have ended are worked off first. Each merchant must have an account: KeyError is raised
    otherwise.

    Returns for each whether it is new (False for a repeat, which changes nothing), or the refusal
    that it met, which does not hold up the others. Raises DaysNotWorkedOff, and nothing is
    recorded, if ended days of an account cannot be worked off. Locks all their accounts, in the
    order of their keys, until the transaction ends. Rule 3.3.
    """
    account_ids = sorted({charge.merchant_id for charge in charges})
    locked = prepared.rows(LOCK, {"accounts": account_ids})
    found = [rows.loaded(BillingAccount, FIELDS, row) for row in locked]
    batch = _Batch({account.pk: account for account in found})
    _hold_lines(batch.accounts.values(), charges)
    batch.look_up_recorded(charges)
    outcomes: list[bool | Refused] = []
    for charge in charges:
        try:
            outcomes.append(batch.record(charge))
        except Refused as refusal:
            outcomes.append(refusal)
    batch.writer.flush()
    return outcomes


def _hold_lines(accounts: Iterable[BillingAccount], charges: Sequence[NewCharge]) -> None:
    """Lock the credit lines of the accounts whose day ends by the latest charge, if there are
    several, since a day-end may freeze the line.

    Otherwise they would be locked in the order of the charges, which is not the order for lines.
    """
    latest = max((charge.now for charge in charges), default=None)
    ending = [account.pk for account in accounts if latest and account.open_until <= latest]
    if len(ending) > 1:
        lines.hold(ending)


def record_own(
    account: BillingAccount,
    *,
    fee: Fee,
    reference: str,
    amount: Money,
    quantity: Decimal = Decimal(1),
    unit_price: Decimal | None = None,
    at: datetime | None = None,
    request: str = "",
    description: str,
    is_half: bool = False,
    now: datetime,
) -> Charge:
    """Record a charge that Tael itself makes on the locked account, such as a credit, whose amount
    is below 0. What is outstanding changes in the database alone: the caller loads `account` again.

    Its reference is `reference` behind the prefix of Tael's own. Its service happened `at`, or now.
    It posts as its fee says, which for credits is at once. The threshold is checked as after any
    posting, and a bill that this takes is written, of which the merchant is notified unless it is a
    draft, except on a closed account, which has none, and for one of two charges that come to 0
    together (`is_half`): no bill may take one without the other. `unit_price` is the price by which
    `amount` was computed, if one was. `request` is the reference of the fulfilment request that the
    charge belongs to, which is created if it is not known; "" for none.
    """
    batch = _Batch({account.pk: account})
    made = NewCharge(
        merchant_id=account.pk,
        reference=f"{RESERVED_PREFIX}{reference}",
        fee=fee.code,
        currency=account.currency,
        amount=amount.amount,
        quantity=quantity,
        at=at or now,
        now=now,
        request=request,
        description=description,
    )
    row = batch.row(made, fee, account, amount.amount, unit_price, now)
    batch.add(row, fee, account, is_half=is_half)
    batch.writer.flush()
    return Charge.objects.get(account=account, reference=made.reference)


class _Today(NamedTuple):
    """The open day of an account, and the month of that day."""

    day: date
    month: date


@dataclass(slots=True)
class _Figures:
    """An account's outstanding and accruing amounts and its threshold, as plain decimals, which are
    quick enough for thousands of charges. They include the charges that are not written yet.
    """

    outstanding: Decimal
    accruing: Decimal
    threshold: Decimal


class _Batch:
    """Records charges one after the other on locked accounts. Those that are not in the database
    yet are with `writer`.
    """

    def __init__(self, accounts: dict[int, BillingAccount]) -> None:
        """Begin without having read anything: fees, prices, known charges, days and figures are
        read as they are asked for.
        """
        self.accounts = accounts
        self.writer = ChargeWriter()
        self.fees: dict[str, Fee] = {}
        self.known: dict[tuple[int, str], Content] = {}
        self._prices: PriceList | None = None
        self._days: dict[int, _Today] = {}
        self._figures: dict[int, _Figures] = {}

    def look_up_recorded(self, charges: Sequence[NewCharge]) -> None:
        """Load all fees. If some of these charges are recorded already, load their contents,
        too, by which `record` tells a repeat from a conflict.
        """
        self.fees = Fee.objects.in_bulk()
        keys = [(charge.merchant_id, charge.reference) for charge in charges]
        self.known = self.writer.contents_of(keys)

    def record(self, charge: NewCharge) -> bool:
        """Hand one charge to the writer; returns whether it is new, and False for a repeat, which
        changes nothing. Days of the account that have ended are worked off first. Raises KeyError
        for a merchant without an account, DaysNotWorkedOff, ChargeConflict, AccountClosed,
        CurrencyMismatch, Invalid. The accounts are locked by the caller.
        """
        account = self.accounts[charge.merchant_id]
        now = max(charge.now, account.last_wrote_at)  # as in accounts.lock
        if account.open_until <= now:
            self.writer.flush()
            with day_ends.of_merchant(account.pk):
                days.work_off([account.pk], now=now)
            self._refresh(account)
        fee = self._checked_fee(charge)
        known = self.known.get((charge.merchant_id, charge.reference))
        amount, unit_price = self._amount(charge, account, known, now)
        row = self.row(charge, fee, account, amount, unit_price, now)
        if known is not None:
            if others := known.differences(row.content):
                fact = f"charge: {charge.reference} is known with other content"
                raise ChargeConflict(fact, others)
            return False
        arrival.check(charge.at, arrived=now)
        if account.is_closed:
            raise AccountClosed(f"charge: the account was closed on {account.closed_on}")
        self.known[charge.merchant_id, charge.reference] = row.content
        self.add(row, fee, account)
        return True

    def _checked_fee(self, charge: NewCharge) -> Fee:
        """The charge's fee. Raises Invalid unless it is one that the platform can charge, and
        reference, amount and quantity are valid.
        """
        fee = self.fees.get(charge.fee)
        if fee is None or not fee.is_sent_by_platform:
            raise Invalid("fee", f"there is no fee {charge.fee!r} that the platform can charge")
        if charge.reference.startswith(RESERVED_PREFIX):
            raise Invalid("charge", f"references that start with {RESERVED_PREFIX} are Tael's own")
        if charge.amount is not None and charge.amount < 0:
            raise Invalid("amount", "must not be negative; a credit corrects a charge")
        check_quantity(charge.quantity)
        return fee

    def _amount(
        self, charge: NewCharge, account: BillingAccount, known: Content | None, now: datetime
    ) -> tuple[Decimal, Decimal | None]:
        """The amount of the charge, which counts at `now`; and the price of a unit if we priced it,
        or None if the amount was stated. A repeat of a charge that was priced (`known` is what was
        recorded) keeps the price it got. Raises CurrencyMismatch, and Invalid for an amount that
        its currency can't have, or if there is neither an amount nor a price.
        """
        if charge.currency != account.currency:
            raise CurrencyMismatch(charge.currency, account.currency)
        if charge.amount is not None:
            return money.posted(charge.amount, account.currency), None
        if known is not None and known.unit_price is not None:
            return priced(charge.quantity, known.unit_price, charge.currency), known.unit_price
        if self._prices is None:
            self._prices = PriceList(self.accounts)
        on = _service_day(charge, account, now)
        price = self._prices.price(charge.fee, charge.currency, account.pk, on)
        if price is None or price.unit_price is None:
            raise Invalid(
                "amount", f"missing, and fee {charge.fee} has no price in {charge.currency} on {on}"
            )
        return priced(charge.quantity, price.unit_price, charge.currency), price.unit_price

    def row(
        self,
        charge: NewCharge,
        fee: Fee,
        account: BillingAccount,
        amount: Decimal,
        unit_price: Decimal | None,
        now: datetime,
    ) -> Row:
        """The row to write for the charge, which counts at `now`. A charge of a month that is
        closed is late, and joins the open month.
        """
        today = self._today(account, charge.merchant_id)
        service_on = _service_day(charge, account, now)
        # The month of a charge is closed once a later one is open; then it joins the open one.
        is_late = service_on < today.month
        return Row(
            account_id=charge.merchant_id,
            reference=charge.reference,
            content=Content(
                charge.fee,
                charge.request,
                charge.description,
                charge.quantity,
                amount,
                unit_price,
            ),
            currency=charge.currency,
            at=charge.at,
            service_on=service_on,
            arrived_at=now,
            is_late=is_late,
            month=today.month if fee.is_on_statements else None,
            item=_item_key(fee, charge.merchant_id, today, is_late=is_late),
        )

    def _today(self, account: BillingAccount, account_id: int) -> _Today:
        """The account's open day and its month, computed anew once another day is open;
        `account_id` is the account's key.
        """
        today = self._days.get(account_id)
        if today is None or today.day != account.open_on:
            day = account.open_on
            today = self._days[account_id] = _Today(day, calendar.month_of(day))
        return today

    def add(self, row: Row, fee: Fee, account: BillingAccount, *, is_half: bool = False) -> None:
        """Add the row to the writer and to the account's figures, and write a threshold bill if the
        charge makes one due, of which the merchant is notified unless it is a draft. None is
        written on a closed account, nor for one of two charges that come to 0 together (`is_half`).
        If outstanding and accruing amounts come to twice the threshold, the accruing ones post at
        once (the guard).
        """
        now = account.last_wrote_at = row.arrived_at
        self.writer.add(row)
        figures = self._figures.get(row.account_id) or self._figures_of(account)
        if row.item.posting == Posting.IMMEDIATE:
            figures.outstanding += row.content.amount
            if account.is_closed or is_half:
                return  # a closed account has no threshold any more (closing.bill_all)
            if figures.outstanding >= figures.threshold:
                self._issue_threshold_invoice(account, now)
                figures = self._figures_of(account)
        elif row.item.posting == Posting.DAILY:
            figures.accruing += row.content.amount
        else:
            return  # it counts for nothing until the month ends
        if figures.outstanding + figures.accruing >= 2 * figures.threshold:
            self._post_early(account, now)

    def _figures_of(self, account: BillingAccount) -> _Figures:
        """Take the account's outstanding and accruing amounts and its threshold from its loaded
        row, keep them for the charges that follow, and return them. They replace what was kept
        of the account before, so charges that the loaded row does not have are not in them.
        """
        amounts = (account.outstanding, account.accruing, account.threshold)
        found = self._figures[account.pk] = _Figures(*(amount.amount for amount in amounts))
        return found

    def _refresh(self, account: BillingAccount) -> None:
        """Load the account's row again, and forget its figures."""
        account.refresh_from_db()
        self._figures.pop(account.pk, None)

    def _issue_threshold_invoice(self, account: BillingAccount, now: datetime) -> None:
        """Write the charges so far, and then the account's threshold bill, of which the merchant is
        notified unless it is a draft. What is too little for one makes none.
        """
        self.writer.flush()
        invoices.issue([invoices.Due(account.pk, Invoice.Kind.THRESHOLD, account.open_on, now)])
        self._refresh(account)

    def _post_early(self, account: BillingAccount, now: datetime) -> None:
        """Apply the guard: post what has accrued before the day ends, and write a threshold bill if
        that reaches the threshold, of which the merchant is notified unless it is a draft.
        """
        self.writer.flush()
        reached = items.post_accrued(account, now=now)
        self._refresh(account)
        if reached:
            self._issue_threshold_invoice(account, now)


def check_quantity(quantity: Decimal) -> None:
    """Raise Invalid unless a charge can have this quantity: from 0 to less than 10^12, with at most
    six decimals.
    """
    if not 0 <= quantity < LARGEST_QUANTITY or quantity % SMALLEST_QUANTITY:
        raise Invalid("quantity", "must be from 0 to 10^12, with 6 decimals at most")


def _service_day(charge: NewCharge, account: BillingAccount, now: datetime) -> date:
    """The local day on which the service of a charge happened, which counts at `now`; a service
    that is said to happen later counts as at `now`.
    """
    return local_day(account, arrival.counted(charge.at, arrived=now))


def priced(quantity: Decimal, unit_price: Decimal, currency: str) -> Decimal:
    """The quantity times the price, rounded once. Raises Invalid if the result is too large to
    keep.
    """
    return money.posted(money.rounded(quantity * unit_price, currency), currency)


def _item_key(fee: Fee, account_id: int, today: _Today, *, is_late: bool) -> ItemKey:
    """The key of the item that a charge of this fee, which arrives on the account's open day
    `today`, joins: the fee's item of the day or, for a fee that posts monthly, of the month's last
    day. A late charge of a monthly fee joins one that posts at once.
    """
    if fee.posting != Posting.MONTHLY:
        return ItemKey(account_id, fee.code, fee.posting, today.day)
    if is_late:  # its own month's end is past: it posts as it arrives
        return ItemKey(account_id, fee.code, Posting.IMMEDIATE, today.day)
    return ItemKey(account_id, fee.code, fee.posting, calendar.month_end(today.day))
