"""The decisions to close an account or open it again, to bill what it still owes, and to pay out
what it has left.
"""

from django.utils.formats import date_format
from moneyed import Money

from backoffice.columns import figure
from backoffice.decisions import Call, Decision, Reasoned
from billing.admin import shown
from billing.admin.account_decisions import comes, figures, is_open
from billing.admin.forms import RestPaidOut
from billing.admin.unapplied import taken_back
from billing.models import BillingAccount
from billing.operations import closing, reopening
from billing.queries.effects import not_posted_yet
from billing.queries.terms import plan_chosen, plan_starts_anew
from credit.admin.forms import MayTell
from lib import clock
from merchants.admin.two_people import CallOrPropose, done


def _close_effect(account: BillingAccount) -> str:
    """What an operator reads before closing the account: what is outstanding and not posted yet,
    whether a final bill comes or how much is left in the merchant's favour, that no charge or order
    is taken any more, that the merchant is told, and that opening it again takes a second person.
    """
    rest = closing.foreseen(account, at_closing=True, now=clock.now())
    if rest.amount.amount > 0:
        what = _of_rest(account, rest)
    elif rest.amount:
        what = (
            "{left} is left in the merchant's favour. It pays unpaid bills, and the rest is to be"
            " paid out."
        )
    else:
        what = "Nothing is left to bill."
    return (
        "{outstanding} is outstanding, and {waiting} that waits for the end of the day or the month"
        " posts now. {what} From then on the account takes no further charge, and its credit line"
        " no new order. The merchant is told. To open it again takes a second person."
    ).format(
        what=what.format(**figures(account, left=-rest.amount)),
        **figures(account, waiting=not_posted_yet(account)),
    )


def final(account: BillingAccount) -> Money | None:
    """What the final bill comes to that the account gets if it is closed now; None without one."""
    rest = closing.foreseen(account, at_closing=True, now=clock.now())
    return rest.amount if rest.amount.amount > 0 and not rest.is_waived else None


def _reopen_effect(account: BillingAccount) -> str:
    """What an operator reads before opening the account again: whether the plan starts anew today
    with a bill for its fee, or keeps its next date; that charges and orders are taken again; that
    the merchant is told; and that a second person confirms it unless the limit of the credit line
    is 0.
    """
    plan = plan_chosen(account)
    fee = f"{figure(plan.plan_price)} every {plan.plan_interval_days} days"
    if plan_starts_anew(account):
        dates = (
            f"The plan {plan.plan} starts anew today: {fee}, in advance, and a bill for it"
            f" {comes(account)}. The days for which the account was closed cost nothing."
        )
    else:
        dates = (
            "The plan was paid for until its next date, which stays"
            f" {date_format(account.next_plan_on)}: nothing is charged now."
        )
    return (
        "Account and credit line are open from now on: charges and orders are taken, with the limit"
        f" that the line has. {dates} The merchant is told. Unless the limit is 0, a second person"
        " confirms it."
    )


def _rest_effect(account: BillingAccount) -> str:
    """What an operator reads before billing the rest of a closed account: how much is outstanding
    again, and what becomes of it.
    """
    outstanding = figures(account)["outstanding"]
    becomes = _of_rest(account, closing.foreseen(account, now=clock.now()))
    return f"The account is closed, and {outstanding} is outstanding again. {becomes}"


def _of_rest(account: BillingAccount, rest: closing.Rest) -> str:
    """Return a sentence on what becomes of all that the account, which owes something without its
    tax, has left to bill: a final bill with its tax, issued at once or as a draft, a waiver where
    it is less than the account's provider collects, or a credit of that tax, where nothing is left
    to bill with it.
    """
    if rest.is_waived:
        return f"{figure(rest.amount)} is less than its payment method collects, and is waived."
    if rest.amount.amount <= 0:
        return (
            "With the tax of what was credited nothing is left to bill: that tax is credited, and"
            f" {figure(-rest.amount)} is in the merchant's favour."
        )
    return f"A final bill over {figure(rest.amount)} {comes(account)}."


def _payout_effect(account: BillingAccount) -> str:
    """What an operator reads before recording a pay-out: how much is left in the merchant's
    favour and how much of it is unapplied, that the money has to be transferred first, and
    that nothing is outstanding or unapplied afterwards. If the bank takes back money of the
    account by lines that wait for a decision, the text begins with how much that is, and
    that they are to be decided about first and nothing of it is to be paid.
    """
    return taken_back(account) + (
        "{left} is left in the merchant's favour, {unapplied} of it as unapplied money. Transfer"
        " it first: this only writes down that it was paid out, and then nothing is outstanding or"
        " unapplied."
    ).format(**figures(account, left=_rest(account), unapplied=account.unapplied))


def _rest(account: BillingAccount) -> Money:
    """What the account has left in the merchant's favour: its unapplied money less what is
    outstanding.
    """
    return account.unapplied - account.outstanding


def _may_be_paid_out(account: BillingAccount) -> bool:
    """Whether the account is closed, owes nothing and has something left in the merchant's
    favour.
    """
    owes = account.outstanding.amount > 0
    return account.is_closed and not owes and _rest(account).amount > 0


DECISIONS = (
    Decision(
        "close",
        "Close the account",
        form=MayTell,
        effect=_close_effect,
        shown=shown.closed,
        carry_out=Call(closing.close, "merchant_id"),
        done="The account is closed.",
        is_open=is_open,
    ),
    Decision(
        "reopen",
        "Open the account again",
        form=MayTell,
        effect=_reopen_effect,
        shown=shown.closing,
        carry_out=CallOrPropose(reopening.reopen, "merchant_id"),
        done=done("The account is open again."),
        is_open=lambda account: account.is_closed,
    ),
    Decision(
        "bill-rest",
        "Bill the rest",
        form=Reasoned,
        effect=_rest_effect,
        shown=shown.rest,
        carry_out=Call(closing.bill_rest, "merchant_id"),
        done="The rest is billed.",
        is_open=lambda account: account.is_closed and account.outstanding.amount > 0,
    ),
    Decision(
        "pay-out",
        "Pay out the rest",
        form=RestPaidOut,
        effect=_payout_effect,
        shown=shown.rest,
        carry_out=CallOrPropose(closing.pay_out_rest, "merchant_id"),
        done=done("The rest is paid out."),
        is_open=_may_be_paid_out,
    ),
)
