"""What merchants and operators do by hand, through the operations that their pages call.

Each function here returns an Act: a function that does it for a merchant at an instant. What is
asked for with a `key` is found by that key when it is decided later.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from moneyed import Money

from billing.models import BillingAccount, BillingCredit, Charge, ThresholdRequest
from billing.operations import billing_details, credits, payment_methods, prices, thresholds
from config.local.demo.people import BILLING_OFFICER, CREDIT_OFFICER, PAYER
from credit.models import (
    CreditLine,
    LimitRequest,
    PayoutDestination,
    PayoutSchedule,
    Withdrawal,
)
from credit.operations import (
    automatic,
    destinations,
    payout_files,
    payouts,
    requests,
    withdrawals,
)

OURS = "As agreed in the morning's round."  # the reason for colleagues; merchants are told another
Act = Callable[[int, datetime], object]  # takes the merchant's primary key and the time


class Action(NamedTuple):
    """An act, with the instant at which it is done."""

    at: datetime  # on the hour, in UTC too: the timetable passes it
    act: Act


def price(
    fee: str, currency: str, unit: str, *, from_on: date, reason: str, is_own: bool = False
) -> Act:
    """The act, called with the shop's key and the instant, that introduces a price of the fee:
    `unit` is the price of one unit, in this currency, from the day `from_on` on, for all shops or,
    with `is_own`, for this one only. `reason` is what the trail records. It locks as
    prices.introduce does.
    """
    return lambda merchant, now: prices.introduce(
        fee=fee, currency=currency, unit_price=Decimal(unit), from_on=from_on,
        merchant_id=merchant if is_own else None, actor=BILLING_OFFICER, reason=reason, now=now,
    )  # fmt: skip


# --- bills and credits ----------------------------------------------------------------------------


def add_card(last_four: str, *, by: str, brand: str = "Visa") -> Act:
    """The act, called with the shop's key and the instant, that adds a card of the sandbox with
    these last four digits, which decide which payments succeed (billing.providers.registry). Bills
    are collected from it from then on, and a trail row is written. `by` is who does it.
    """
    return lambda merchant, now: payment_methods.add_card(
        merchant_id=merchant, provider=BillingAccount.Method.SANDBOX,
        token=f"demo-{merchant}-{last_four}", brand=brand, last_four=last_four, actor=by, now=now,
    )  # fmt: skip


def confirm_details(legal_name: str, address: str, country: str, tax: str, *, by: str) -> Act:
    """Return an act for the demonstration: a function that takes the shop's primary key and
    an instant. Nothing is done before the act is called; it then says, as the owner whose
    e-mail address is `by`, whom the shop's bills are made out to, and confirms that as the
    demonstration's billing officer, each with a trail row. `address` is one text with a
    line end between its lines, `country` a code of ISO 3166 such as "US", and `tax` the tax
    number, "" for none. The act returns the confirmed details, and raises what
    billing_details.say and billing_details.confirm raise.
    """
    party = billing_details.Party(
        legal_name=legal_name, address=address, country=country, tax_number=tax, purchase_order=""
    )

    def act(merchant: int, now: datetime) -> object:
        """Say the shop's billing details as the owner, and confirm them as the billing officer,
        each with a trail row; returns the confirmed details.
        """
        said = billing_details.say(merchant_id=merchant, party=party, actor=by, now=now)
        return billing_details.confirm(
            details_id=said.pk, actor=BILLING_OFFICER, reason=OURS, now=now
        )

    return act


def pay_invoices_from_proceeds(*, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    chooses that bills are paid out of its proceeds, with a trail row.
    """
    method = BillingAccount.Method.PROCEEDS
    return lambda merchant, now: payment_methods.choose(
        merchant_id=merchant, method=method, actor=by, now=now
    )


def ask_credit(key: str, reason: str, amount: str, message: str, *, on: str, by: str) -> Act:
    """The act, called with the shop's key and the instant, that asks, with a trail row, for a
    credit of this amount on the shop's latest charge of the fee `on`. `key` is the request's own
    key, by which later acts find the credit; `reason` is the code of a credit fee, `message` what
    the shop writes, and `by` who asks.
    """

    def act(merchant: int, now: datetime) -> object:
        """Ask, with a trail row, for a credit on the latest charge of this fee up to `now`; returns
        the credit. Raises Charge.DoesNotExist if there is none.
        """
        charge = Charge.objects.filter(account=merchant, fee=on, at__lte=now).latest("at", "pk")
        return credits.ask(
            merchant_id=merchant, charge=charge.reference, fee=reason,
            amount=Money(amount, charge.currency), message=message, request_key=key, actor=by,
            now=now,
        )  # fmt: skip

    return act


def approve_credit(key: str, told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator approves the credit
    that was asked for with this request key; `told` is the text that the shop reads in a notice. A
    trail row is written.
    """
    return lambda merchant, now: credits.approve(
        credit_id=_credit(merchant, key),
        actor=BILLING_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def reject_credit(key: str, told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator rejects the credit
    that was asked for with this request key; `told` is the text that the shop reads in a notice. A
    trail row is written.
    """
    return lambda merchant, now: credits.reject(
        credit_id=_credit(merchant, key),
        actor=BILLING_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def _credit(merchant: int, key: str) -> int:
    """The primary key of the merchant's credit that was asked for with this request key. Raises
    BillingCredit.DoesNotExist.
    """
    return BillingCredit.objects.get(account=merchant, request_key=key).pk


def ask_threshold(threshold: str, message: str, *, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which the member of the shop with the
    e-mail address `by` asks for a higher billing threshold, an amount in the shop's currency, with
    this message and a trail row.
    """

    def act(merchant: int, now: datetime) -> object:
        """Ask for the threshold in the currency of the shop's account, with a trail row; returns
        the request.
        """
        wanted = Money(threshold, BillingAccount.objects.get(pk=merchant).currency)
        return thresholds.ask(
            merchant_id=merchant, threshold=wanted, message=message, actor=by, now=now
        )

    return act


def approve_threshold(told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator approves the shop's
    latest request for a threshold; `told` is the text that the shop reads in a notice. Trail rows
    are written.
    """
    return lambda merchant, now: thresholds.approve(
        request_id=_threshold(merchant),
        actor=BILLING_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def reject_threshold(told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator rejects the shop's
    latest request for a threshold; `told` is the text that the shop reads in a notice. A trail row
    is written.
    """
    return lambda merchant, now: thresholds.reject(
        request_id=_threshold(merchant),
        actor=BILLING_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def _threshold(merchant: int) -> int:
    """Look up the primary key of the merchant's latest request for a threshold, decided or not.
    Raises ThresholdRequest.DoesNotExist.
    """
    return ThresholdRequest.objects.filter(account=merchant).latest("pk").pk


# --- the limit ------------------------------------------------------------------------------------


def ask_raise(limit: str, message: str, *, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which the member of the shop with the
    e-mail address `by` asks for a credit limit of this amount in the shop's currency, with this
    message and a trail row.
    """

    def act(merchant: int, now: datetime) -> object:
        """Ask for the limit in the currency of the shop's line, with a trail row; returns the
        request.
        """
        wanted = Money(limit, _line(merchant).currency)
        return requests.ask_raise(
            merchant_id=merchant, limit_wanted=wanted, message=message, actor=by, now=now
        )

    return act


def reject_raise(told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator rejects the shop's
    latest request about its limit, which has to be for a higher one; `told` is the text that the
    shop reads in a notice. A trail row is written.
    """
    return lambda merchant, now: requests.reject(
        request_id=_limit_request(merchant),
        actor=CREDIT_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def ask_question(message: str, *, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    asks a question about the credit limit.
    """
    return lambda merchant, now: requests.ask_question(
        merchant_id=merchant, message=message, actor=by, now=now
    )


def answer(text: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator answers the shop's
    latest request about its limit, which has to be a question, with this text, with a notice to the
    shop and a trail row.
    """
    return lambda merchant, now: requests.answer(
        request_id=_limit_request(merchant),
        actor=CREDIT_OFFICER,
        reason=OURS,
        told=text,
        now=now,
    )


def _line(merchant: int) -> CreditLine:
    """Read the merchant's credit line. Raises CreditLine.DoesNotExist."""
    return CreditLine.objects.get(pk=merchant)


def _limit_request(merchant: int) -> int:
    """Look up the primary key of the merchant's latest request or question about its limit, decided
    or not. Raises LimitRequest.DoesNotExist.
    """
    return LimitRequest.objects.filter(line=merchant).latest("pk").pk


# --- withdrawals ----------------------------------------------------------------------------------


def add_bank_card(number: str, *, holder: str, bank: str, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    adds a bank card as a destination of withdrawals: its number, its holder's name and the name of
    the bank. Owners are notified, and a trail row is written.
    """
    kind = PayoutDestination.Kind.BANK_CARD
    return lambda merchant, now: destinations.add(
        merchant_id=merchant, kind=kind, number=number, holder=holder, bank=bank, actor=by, now=now
    )


def add_alipay(number: str, *, holder: str, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    adds an Alipay account as a destination of withdrawals: `number` is the account's name at
    Alipay, `holder` its owner's name. Owners are notified, and a trail row is written.
    """
    kind = PayoutDestination.Kind.ALIPAY
    return lambda merchant, now: destinations.add(
        merchant_id=merchant, kind=kind, number=number, holder=holder, actor=by, now=now
    )


def add_bank_account(
    number: str, *, routing: str, country: str, holder: str, bank: str, by: str
) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    adds a bank account as a destination of withdrawals: its number, the bank's routing number,
    country code and name, and the holder's name. Owners are notified, and a trail row is written.
    """
    kind = PayoutDestination.Kind.BANK_ACCOUNT
    return lambda merchant, now: destinations.add(
        merchant_id=merchant, kind=kind, number=number, routing=routing, country=country,
        holder=holder, bank=bank, actor=by, now=now,
    )  # fmt: skip


def withdraw_each_week(weekday: int, least: str, *, to: str, by: str) -> Act:
    """The act, called with the shop's key and the instant, that sets up weekly withdrawals: on this
    day of the week, from 1 (Monday) to 7, all available proceeds if they are at least `least`, an
    amount in the shop's currency, to the destination whose number ends in `to`. `by` is who sets it
    up. Owners are notified, and a trail row is written.
    """

    def act(merchant: int, now: datetime) -> object:
        """Set up the weekly withdrawals, with a notice to the owners and a trail row; returns the
        schedule.
        """
        line = _line(merchant)
        return automatic.set_up(
            merchant_id=merchant, destination_id=line.destinations.get(last_four=to).pk,
            every=PayoutSchedule.Every.WEEKLY, weekday=weekday,
            from_amount=Money(least, line.currency), actor=by, now=now,
        )  # fmt: skip

    return act


def withdraw(key: str, amount: str, *, to: str, by: str, by_hand: bool = False) -> Act:
    """The act, called with the shop's key and the instant, that requests a withdrawal of this
    amount, in the shop's currency, to the destination whose number ends in `to`. `key` is the
    request's own key, by which later acts find the withdrawal; `by` is who requests it; a trail row
    is written. It is paid by the sandbox or, with `by_hand`, through files for the bank.
    """

    def act(merchant: int, now: datetime) -> object:
        """Request the withdrawal, with a trail row, as paid by hand or by the default provider;
        returns it and whether it is new.
        """
        line = _line(merchant)
        with _paid_by(Withdrawal.MANUAL if by_hand else ""):
            return withdrawals.request(
                merchant_id=merchant, destination_id=line.destinations.get(last_four=to).pk,
                amount=Money(amount, line.currency), request_key=key, actor=by, now=now,
            )  # fmt: skip

    return act


def cancel_withdrawal(key: str, *, by: str) -> Act:
    """The act, called with the shop's key and the instant, by which `by`, a member of the shop,
    cancels the withdrawal that was requested with this request key; a trail row is written.
    """
    return lambda merchant, now: withdrawals.cancel(
        merchant_id=merchant, withdrawal_id=_withdrawal(merchant, key), actor=by, now=now
    )


def approve_withdrawal(key: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator approves the
    withdrawal that was requested with this request key; a trail row is written.
    """
    return lambda merchant, now: withdrawals.approve(
        withdrawal_id=_withdrawal(merchant, key), actor=CREDIT_OFFICER, now=now
    )


def reject_withdrawal(key: str, told: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator rejects the
    withdrawal that was requested with this request key; `told` is the text that the shop reads in a
    notice. A trail row is written.
    """
    return lambda merchant, now: withdrawals.reject(
        withdrawal_id=_withdrawal(merchant, key),
        actor=CREDIT_OFFICER,
        reason=OURS,
        told=told,
        now=now,
    )


def hand_to_bank(key: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator writes the
    withdrawal that was requested with this request key into a new file for the bank, which makes it
    SENT, with a trail row.
    """
    return lambda merchant, now: payout_files.export(
        withdrawal_ids=[_withdrawal(merchant, key)], actor=PAYER, now=now
    )


def bank_paid(key: str, reference: str) -> Act:
    """The act, called with the shop's key and the instant, by which an operator records that the
    bank paid the withdrawal that was requested with this request key; `reference` is the bank's for
    the payment. The shop is notified, and a trail row is written.
    """
    return lambda merchant, now: payouts.mark_paid(
        withdrawal_id=_withdrawal(merchant, key), reference=reference, actor=CREDIT_OFFICER, now=now
    )


def _withdrawal(merchant: int, key: str) -> int:
    """Look up the primary key of the merchant's withdrawal that was requested with this request
    key. Raises Withdrawal.DoesNotExist.
    """
    return Withdrawal.objects.get(line=merchant, request_key=key).pk


@contextmanager
def _paid_by(provider: str) -> Iterator[None]:
    """Let this provider pay the withdrawals that are requested while the block runs; with "" it is
    the default one, in a demonstration the sandbox. It changes the setting TAEL_PAYOUT_PROVIDER
    meanwhile.
    """
    before = settings.TAEL_PAYOUT_PROVIDER
    settings.TAEL_PAYOUT_PROVIDER = provider
    try:
        yield
    finally:
        settings.TAEL_PAYOUT_PROVIDER = before
