"""What pages of decisions about billing show of what these change, and the lock of such rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act
from billing.models import (
    AccountChange,
    BankTransfer,
    BillingAccount,
    BillingCredit,
    Charge,
    FeePrice,
    Invoice,
    Payment,
    Reversal,
    ThresholdRequest,
)
from billing.operations import accounts, charges_by_hand, prices, transfers, waivers
from billing.queries import briefs, effects, pauses, payment_plans, terms
from billing.queries.effects import left_to_credit
from credit.models import CreditLine
from lib import money

Values = dict[str, Any]


class AboutAccount(Deciding):
    """Pages of rows of a billing account, about which operations decide under its lock."""

    def lock(self, row: Any, now: datetime) -> None:
        """Lock the billing account that the row belongs to, and work off its days that have ended
        by `now` (accounts.lock). The credit line is not locked: operations that need it do so after
        the account. Raises DaysNotWorkedOff.
        """
        accounts.lock(_account_id(row), now=now)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decision called `name` about the row: the facts of its account and
        of the row, what its merchant wrote, and what the decision changes. It is never None.
        """
        return briefs.about(row, name)


def _account_id(row: Any) -> int:
    """The key of the billing account that the row belongs to."""
    match row:
        case BillingAccount():
            return int(row.pk)
        case Payment():
            return int(row.invoice.account_id)
    return int(row.account_id)


class AboutPrices(Deciding):
    """Pages of prices, which are introduced one after the other."""

    def lock(self, row: Any, now: datetime) -> None:
        """Wait until no other transaction introduces prices, and keep others waiting until this one
        ends; `row` and `now` are not used.
        """
        prices.wait_turn()

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decisions about a price: the prices of its fee before it."""
        return briefs.of_price(row)


def status(row: Any) -> Values:
    """The label of the row's status, under the name "Status". Decisions show it, and
    compare it later with what their page showed.
    """
    return {"Status": row.get_status_display()}


# Accounts.


def granted(account: BillingAccount) -> Values:
    """The sum of the account's credits that were granted or approved and have not been taken back.
    It is compared in place of what is outstanding, which moves with every charge.
    """
    found = account.credits.filter(status=BillingCredit.Status.APPROVED)
    amount = found.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return {"Credits granted": money.of(amount, account.currency)}


def is_granted(act: Act) -> bool:
    """Look up whether this form, by the key that it carries, has made a credit on the account
    already, whatever became of that. What it only proposed to a second person does not count.
    """
    rows = BillingCredit.objects.filter(account=_account_id(act.row))
    return rows.filter(request_key=act.cleaned_data["request_key"]).exists()


def threshold(account: BillingAccount) -> Values:
    """The account's present threshold, as decisions show and compare it."""
    return {"Threshold": account.threshold}


def has_threshold(act: Act) -> bool:
    """Whether the account has the threshold that the form states."""
    return bool(act.row.threshold == act.cleaned_data["threshold"])


def plan(account: BillingAccount) -> Values:
    """The plan that was planned last, whether or not it is in force yet: its name, price, days and
    start.
    """
    planned = account.plan_terms.latest("pk")
    return {
        "Plan": planned.plan,
        "Plan price": planned.plan_price,
        "Days that it pays for": planned.plan_interval_days,
        "From": planned.starts_on,
    }


def has_plan(act: Act) -> bool:
    """Whether the plan that the form states is the one that was planned last."""
    term, said = act.row.plan_terms.latest("pk"), act.cleaned_data
    planned = (term.plan, term.plan_price, term.plan_interval_days)
    return planned == (said["plan"], said["price"], said["interval_days"])


def time_zone(account: BillingAccount) -> Values:
    """The time zone that was last chosen for the account, whether it is in force already or
    comes into force later, or its present one if none was ever chosen. It stands under its
    label, "Time zone", as pages of decisions show it and compare it.
    """
    changes = account.changes.filter(what=AccountChange.What.TIMEZONE)
    chosen = changes.order_by("-pk").values_list("after", flat=True).first()
    return {"Time zone": chosen or account.timezone}


def has_time_zone(act: Act) -> bool:
    """Whether the time zone that the form states is the one that was chosen last."""
    return bool(time_zone(act.row)["Time zone"] == act.cleaned_data["timezone"])


def method(account: BillingAccount) -> Values:
    """The account's payment method, its card (None without one), and whether that card is disputed,
    as decisions show and compare them.
    """
    return {
        "Payment method": account.get_payment_method_display(),
        "Card": account.card,
        "Card disputed": account.has_disputed_card,
    }


def reviews(account: BillingAccount) -> Values:
    """Whether operators look at the account's bills before they are issued."""
    return {"Bills are reviewed": account.reviews_bills}


def closed(account: BillingAccount) -> Values:
    """Whether the account is closed, as decisions show and compare it."""
    return {"Closed": account.is_closed}


def closing(account: BillingAccount) -> Values:
    """Since when a closed account is closed, and what it means to open it: the limit that is given
    again (None without a credit line), and whether the plan starts anew with a plan fee that is
    charged at once.
    """
    line = CreditLine.objects.filter(pk=account.pk).first()
    return {
        "Closed": account.closed_at,
        "Limit": line and line.limit,
        "Plan starts anew": terms.plan_starts_anew(account),
    }


def rest(account: BillingAccount) -> Values:
    """Whether the account is closed, what is outstanding, below 0 in the merchant's favour, and its
    unapplied money, as decisions show and compare them.
    """
    return closed(account) | {"Outstanding": account.outstanding, "Unapplied": account.unapplied}


def unapplied(account: BillingAccount) -> Values:
    """The account's unapplied money under its label, as pages of decisions show it, and compare it
    with what was shown before they carry one out.
    """
    return {"Unapplied": account.unapplied}


def is_received(act: Act) -> bool:
    """Look up whether a transfer is on record for the row's account under the bank's reference that
    the form states, whatever its amount; one that was booked elsewhere does not count.
    """
    return transfers.is_recorded(_account_id(act.row), act.cleaned_data["reference"])


def is_given_back(act: Act) -> bool:
    """Look up whether unapplied money of the account was given back under the bank's reference that
    the form states, whatever the amount.
    """
    return transfers.is_given_back(act.row.pk, act.cleaned_data["reference"])


def charged_by_hand(account: BillingAccount) -> Values:
    """The sum of all that the account was ever charged by hand. It is compared in place of what is
    outstanding, which moves by itself.
    """
    return {"Charged by hand": effects.charged_by_hand(account)}


def is_charged(act: Act) -> bool:
    """Look up whether this form, by the key that it carries, has made its charge already; what it
    only proposed to a second person does not count.
    """
    return charges_by_hand.is_made(act.row.pk, act.cleaned_data["request_key"])


def invoices(account: BillingAccount) -> Values:
    """How many bills the account has, drafts and void ones included. That is compared in place of
    what is outstanding, which moves with every charge.
    """
    return {"Bills": account.invoices.count()}


# Rows of an account.


def left_of_charge(charge: Charge) -> Values:
    """How much of the charge can still be credited, as decisions show and compare it."""
    return {"Left to be credited": left_to_credit(charge)}


def status_and_threshold(request: ThresholdRequest) -> Values:
    """The status of the request, and its account's present threshold."""
    return status(request) | threshold(request.account)


def invoice(invoice: Invoice) -> Values:
    """The status of a bill, and what is left to pay of it, as decisions show and compare them."""
    return status(invoice) | {"Left to pay": invoice.left_to_pay}


def is_waived(act: Act) -> bool:
    """Look up whether this form, by the key that it carries, has made its waiver already; what it
    only proposed to a second person does not count.
    """
    return waivers.is_made(act.row.pk, act.cleaned_data["request_key"])


def due_day(invoice: Invoice) -> Values:
    """The status of a bill, and its due day, as decisions show and compare them."""
    return status(invoice) | {"Due on": invoice.due_on}


def paused(invoice: Invoice) -> Values:
    """The status of a bill, and until when its collecting is paused, as decisions show and compare
    them.
    """
    pause = pauses.in_force(invoice, invoice.account.open_on)
    return status(invoice) | {"Paused until": pause and pause.until_on}


def plan_of(of: Invoice) -> Values:
    """The status of a bill, what is left to pay of it, and the next day of the payment plan in
    force, under "Payment plan"; None there without a plan.
    """
    plan = payment_plans.in_force(of)
    return invoice(of) | {"Payment plan": plan and f"next part {plan.next_due_on}"}


def attempts(of: Invoice) -> Values:
    """The status of a bill, what is left to pay of it, and how many payments it has, failed
    attempts included.
    """
    return invoice(of) | {"Attempts": of.payments.count()}


def payment(attempt: Payment) -> Values:
    """The status of an attempt, and what its provider said of it that could not be right, as
    decisions show and compare them.
    """
    return status(attempt) | {"What its provider says": attempt.problem}


def transfer(transfer: BankTransfer) -> Values:
    """The status of a transfer, and the day on which its money arrived."""
    return status(transfer) | {"Value date": transfer.arrived_on}


def has_arrived_on(act: Act) -> bool:
    """Whether the transfer has the value date that the form states."""
    return bool(act.row.arrived_on == act.cleaned_data["arrived_on"])


def reversal(reversal: Reversal) -> Values:
    """The status of a reversal, and what the provider says of it, as decisions show and compare
    them.
    """
    return status(reversal) | {"What its provider says": reversal.state}


def prices_of(price: FeePrice) -> Values:
    """How many prices the fee has by now in this price's currency, those to come included: for the
    same merchant, or for everybody if this one is for everybody.
    """
    same = FeePrice.objects.filter(fee=price.fee_id, currency=price.currency)
    return {"Prices introduced": same.filter(merchant=price.merchant_id).count()}
