"""The decisions about unapplied money: to record a transfer that names no bill, and to give money
back.
"""

from typing import Any

from backoffice.columns import figure
from backoffice.decisions import Act, Decision
from billing.admin import shown
from billing.admin.account_decisions import figures
from billing.admin.forms import GivenBack, Transfer
from billing.models import BillingAccount
from billing.operations import transfers
from billing.queries import bank_matching
from merchants.admin.two_people import CallOrPropose, done


def _transfer_effect(account: BillingAccount) -> str:
    """What an operator reads before recording a transfer that names no bill: the merchant's
    unapplied money, and that it pays unpaid bills at once, oldest due day first, and later ones as
    they are issued.
    """
    return (
        "A transfer that names no bill is unapplied money of the merchant, who has {unapplied} of"
        " that. It pays unpaid bills at once, oldest due day first, and each later one as it is"
        " issued. A transfer for a bill is recorded on the bill's page."
    ).format(**figures(account, unapplied=account.unapplied))


def _record_transfer(act: Act) -> BillingAccount:
    """Record the transfer for no bill that the operator's form states, with a trail row
    (transfers.receive, which also says what it raises): it becomes unapplied money, which pays
    unpaid bills, and of which the merchant is notified. Returns the account as it is then.
    """
    transfers.receive(
        merchant_id=act.row.pk,
        amount=act.cleaned_data["amount"],
        reference=act.cleaned_data["reference"],
        arrived_on=act.cleaned_data["arrived_on"],
        actor=act.actor,
        now=act.now,
    )
    return BillingAccount.objects.get(pk=act.row.pk)


def _recorded(account: BillingAccount) -> str:
    """The sentence that tells the operator how much is unapplied after the transfer."""
    return f"The transfer is recorded; {figure(account.unapplied)} is unapplied."


def taken_back(account: BillingAccount) -> str:
    """What is said before money of the account is paid to its merchant while a line of the bank's
    waits that takes money of it back: how much, and that the merchant would have it twice. "" if
    none waits.
    """
    taken = bank_matching.being_taken_back(account)
    if not taken:
        return ""
    return (
        f"The bank takes back {figure(taken)} of this account’s money: decide about its line first,"
        " and pay nothing of that, or the merchant has it twice.\n\n"
    )


def _give_back_effect(account: BillingAccount) -> str:
    """What an operator reads before recording money as given back: how much is unapplied, that it
    has to be transferred first, that the merchant is told, and what of it the bank takes back. That
    is a warning alone: what went already has to be written down.
    """
    return taken_back(account) + (
        "{unapplied} of the merchant's money is unapplied, and would pay the next bills. Transfer"
        " what you give back first: this only writes down that it went. The merchant is told, with"
        " the bank's reference."
    ).format(**figures(account, unapplied=account.unapplied))


def _all_of_it(account: BillingAccount) -> dict[str, Any]:
    """The initial data of the form for giving money back: all unapplied money of the account."""
    return {"amount": account.unapplied}


DECISIONS = (
    Decision(
        "transfer",
        "Record a transfer",
        form=Transfer,
        effect=_transfer_effect,
        shown=shown.unapplied,
        repeats=shown.is_received,
        carry_out=_record_transfer,
        done=_recorded,
    ),
    Decision(
        "give-back",
        "Give unapplied money back",
        form=GivenBack,
        effect=_give_back_effect,
        initial=_all_of_it,
        shown=shown.unapplied,
        repeats=shown.is_given_back,
        carry_out=CallOrPropose(transfers.give_back, "merchant_id"),
        done=done("It is written down that the money went back."),
        is_open=lambda account: account.unapplied.amount > 0 and not account.is_closed,
    ),
)
