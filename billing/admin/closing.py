"""The decisions to close an account, to bill what it still owes, and to pay out what it has
left.
"""

from moneyed import Money

from backoffice.decisions import Call, Decision, Reasoned
from billing.admin import shown
from billing.admin.account_decisions import figures, is_open
from billing.admin.forms import RestPaidOut
from billing.models import BillingAccount
from billing.operations import terms
from billing.queries.effects import not_posted_yet
from merchants.admin.two_people import CallOrPropose, done


def _close_effect(account: BillingAccount) -> str:
    """What closing the account does, as the operator reads it before deciding."""
    waiting = not_posted_yet(account)
    total = account.outstanding + waiting
    if total.amount > 0:
        what = "A final bill over {total} is issued at once."
    elif total:
        what = (
            "{left} is left in the merchant's favour. It pays unpaid bills, and the rest is to be"
            " paid out."
        )
    else:
        what = "Nothing is left to bill."
    return (
        "{outstanding} is outstanding, and {waiting} that waits for the end of the day or the month"
        " posts now. {what} From then on the account takes no further charge. It can't be opened"
        " again."
    ).format(
        what=what.format(**figures(account, total=total, left=-total)),
        **figures(account, waiting=waiting),
    )


def _rest_effect(account: BillingAccount) -> str:
    """What billing the rest does, as the operator reads it before deciding."""
    outstanding = figures(account)["outstanding"]
    return f"The account is closed, and {outstanding} is outstanding again. A final bill takes it."


def _payout_effect(account: BillingAccount) -> str:
    """What recording the pay-out does, as the operator reads it before deciding."""
    return (
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
        form=Reasoned,
        effect=_close_effect,
        shown=shown.closed,
        carry_out=Call(terms.close, "merchant_id"),
        done="The account is closed.",
        is_open=is_open,
    ),
    Decision(
        "bill-rest",
        "Bill the rest",
        form=Reasoned,
        effect=_rest_effect,
        shown=shown.rest,
        carry_out=Call(terms.bill_rest, "merchant_id"),
        done="The rest is billed.",
        is_open=lambda account: account.is_closed and account.outstanding.amount > 0,
    ),
    Decision(
        "pay-out",
        "Pay out the rest",
        form=RestPaidOut,
        effect=_payout_effect,
        shown=shown.rest,
        carry_out=CallOrPropose(terms.pay_out_rest, "merchant_id"),
        done=done("The rest is paid out."),
        is_open=_may_be_paid_out,
    ),
)
