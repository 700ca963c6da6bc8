"""Charges that operators make, where the platform's systems send none (rule 12.12)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from moneyed import Money

from billing import sorts
from billing.models import BillingAccount, Charge, Fee
from billing.models.charges import MADE_BY_HAND, RESERVED_PREFIX
from billing.notices.invoices import CHARGED
from billing.operations import accounts, charges
from billing.operations.charges import AccountClosed, ChargeConflict
from billing.proposals import CHARGE
from billing.queries.prices import PriceList
from billing.trail import Action
from lib import form_keys, money, texts, wording
from lib.refusals import Invalid
from merchants.models import Proposal
from merchants.operations import two_people
from merchants.queries import day_start, local_day
from notices.operations import notices
from trail import operations as trail

NOON = timedelta(hours=12)  # the middle of a day, whenever its clocks change
ONE_DAY = timedelta(days=1)


@transaction.atomic
def charge(
    *,
    merchant_id: int,
    fee: str,
    description: str,
    service_on: date,
    quantity: Decimal = Decimal(1),
    amount: Money | None = None,
    reason: str,
    told: str,
    request_key: str,
    actor: str,
    now: datetime,
    proposal: Proposal | None = None,
) -> Charge:
    """Charge the merchant `amount`, or `quantity` times the price of `service_on`, for a service of
    that local day; `fee` is the fee's code. It posts as a charge of its fee does that arrives now.

    The charge says `description`, and the merchant is told it with `told`; `reason` is for
    colleagues. It is written on the trail and among operators' decisions. The same form sent twice,
    recognised by its `request_key`, makes one charge. Above the day's figure for credits it takes
    the `proposal` that a second person confirms. Raises TakesTwoPeople, ChangedMeanwhile if the
    price is another than was proposed, ChargeConflict, AccountClosed, CurrencyMismatch, Invalid. It
    locks account and credit line, whose ended days are worked off first (accounts.lock_both). Rule
    12.12.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told)
    description = wording.line("description", description, texts.LONGEST_DESCRIPTION)
    account, _ = accounts.lock_both(merchant_id, now=now)
    found = _chargeable(fee)
    amount, unit_price = _amount(account, found, amount, quantity, service_on)
    reference = _reference(request_key)
    known = account.charges.filter(reference=f"{RESERVED_PREFIX}{reference}").first()
    if known is not None:
        if (known.fee_id, known.description, known.amount) != (fee, description, amount):
            raise ChargeConflict("request_key: this form has made another charge", ["request_key"])
        return known
    if account.is_closed:
        raise AccountClosed(f"charge: the account was closed on {account.closed_on}")
    at = _service_instant(account, service_on)
    _check_alone(account, amount, unit_price, fee, description, proposal)
    made = charges.record_own(
        account, fee=found, reference=reference, amount=amount, quantity=quantity,
        unit_price=unit_price, at=at, description=description, now=account.now,
    )  # fmt: skip
    _write_down(made, account, actor=actor, reason=reason, told=told, proposal=proposal)
    return made


def is_made(merchant_id: int, request_key: str) -> bool:
    """Whether the form with this request key has made its charge on the merchant's account."""
    reference = f"{MADE_BY_HAND}{request_key}"
    return Charge.objects.filter(account=merchant_id, reference=reference).exists()


def chargeable() -> list[Fee]:
    """The fees that operators may charge: their own first, then those of the platform's systems, by
    name.
    """
    fees = Fee.objects.filter(is_sent_by_platform=True).order_by("name")
    return [*Fee.objects.filter(pk__in=Fee.BY_HAND).order_by("name"), *fees]


def _chargeable(code: str) -> Fee:
    """The fee with this code, if operators may charge it. Raises Invalid otherwise."""
    fee = next((fee for fee in chargeable() if fee.code == code), None)
    if fee is None:
        raise Invalid("fee", f"there is no fee {code!r} that can be charged by hand")
    return fee


def _reference(request_key: str) -> str:
    """The reference of the charge that the form with this request key makes, without the prefix of
    Tael's own. Raises Invalid for a key that is empty or too long.
    """
    if not 0 < len(request_key) <= form_keys.LONGEST_KEY:
        raise Invalid("request_key", "is missing or too long")
    return f"{MADE_BY_HAND.removeprefix(RESERVED_PREFIX)}{request_key}"


def _amount(
    account: BillingAccount, fee: Fee, amount: Money | None, quantity: Decimal, on: date
) -> tuple[Money, Decimal | None]:
    """What is charged: `amount` or, without one, `quantity` times the fee's price on the day `on`;
    and the price of a unit, or None for a given amount. Raises CurrencyMismatch, and Invalid for a
    quantity or amount that cannot be, without an amount or a price, or if nothing would be charged.
    """
    charges.check_quantity(quantity)
    unit_price = None
    if amount is None:
        price = PriceList([account.pk]).price(fee.code, account.currency, account.pk, on)
        if price is None or price.unit_price is None:
            raise Invalid("amount", f"missing, and fee {fee.code} has no price on {on}")
        unit_price = price.unit_price
        figure = charges.priced(quantity, unit_price, account.currency)
        amount = Money(figure, account.currency)
    amount = money.accepted(amount, account.currency)
    if amount.amount <= 0:
        raise Invalid("amount", "must be more than 0; a credit gives back")
    return amount, unit_price


def _service_instant(account: BillingAccount, on: date) -> datetime:
    """Return an instant of the service's local day `on`. It is now for the open day, and
    twelve hours after its start for a day that is over; a shorter day, which a change of
    the clocks or of the time zone makes, has its middle instead. Raises Invalid for a day
    that has not come, for one before the merchant joined, and for one that a change of the
    time zone left out.
    """
    if on == account.open_on:
        return account.now
    if not account.joined_on <= on < account.open_on:
        raise Invalid("service_on", f"must be from {account.joined_on} to {account.open_on}")
    start, end = day_start(account, on), day_start(account, on + ONE_DAY)
    at = start + min(NOON, (end - start) / 2)
    if end <= start or local_day(account, at) != on:
        raise Invalid("service_on", f"{on} is no day of the merchant's; its time zone changed")
    return at


def _check_alone(
    account: BillingAccount,
    amount: Money,
    unit_price: Decimal | None,
    fee: str,
    description: str,
    proposal: Proposal | None,
) -> None:
    """Raise TakesTwoPeople if the charge takes a second person, and nobody confirms it as
    `proposal`; ChangedMeanwhile if it comes from the price of a unit, and that is another than when
    it was proposed. Amount, price, fee and description are what the second person is shown.
    """
    # The day's price may still change while the day lasts: then another amount would be charged
    # than was confirmed.
    priced = {}
    if unit_price is not None:
        priced["unit_price"] = money.unit_price(unit_price, account.currency)
    wanted = two_people.Change(
        kind=CHARGE,
        subject=f"charge for {texts.shown(description, 60)}",
        merchant_id=account.pk,
        before=priced,
        after={"amount": money.full(amount), "fee": fee, "description": description} | priced,
    )
    two_people.check_figure(
        sorts.CREDIT, amount.amount, wanted, currency=account.currency, day=account.open_on,
        proposal=proposal,
    )  # fmt: skip


def _write_down(
    made: Charge,
    account: BillingAccount,
    *,
    actor: str,
    reason: str,
    told: str,
    proposal: Proposal | None,
) -> None:
    """Write the charge on the trail and among operators' decisions, and tell the merchant. The
    merchant reads `told`; `reason` is for colleagues.
    """
    trail.write(
        Action.CHARGED_BY_HAND,
        merchant_id=account.pk,
        subject=f"charge {made.reference}",
        after={
            "amount": money.full(made.amount),
            "fee": made.fee_id,
            "description": made.description,
            "service_on": made.service_on.isoformat(),
        }
        | two_people.proposed_by(proposal),
        actor=actor,
        reason=reason,
        now=account.now,
    )
    two_people.note(
        sorts.CREDIT, subject=f"charge {made.pk}", merchant_id=account.pk,
        currency=account.currency, figure=made.amount.amount, day=account.open_on,
        proposal=proposal, actor=actor, now=account.now,
    )  # fmt: skip
    notices.write(
        merchant_id=account.pk,
        kind=CHARGED,
        cause=made.reference,
        at=account.now,
        amount=money.text(made.amount),
        currency=account.currency,
        description=made.description,
        reason=told,
        charge=made.reference,
    )
