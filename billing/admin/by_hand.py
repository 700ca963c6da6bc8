"""The decisions to charge a merchant by hand, and to draw up a bill at once."""

from typing import Any

from backoffice.columns import figure
from backoffice.decisions import Call, Decision, Reasoned
from billing.admin import shown
from billing.admin.account_decisions import and_tax, comes, figures, is_open
from billing.admin.forms import Charged
from billing.models import BillingAccount
from billing.operations import charges_by_hand, invoices_on_request
from billing.queries.effects import billable
from merchants.admin.two_people import CallOrPropose, done


def _charge_effect(account: BillingAccount) -> str:
    """What an operator reads before charging by hand: what is outstanding and the threshold that
    would bring a bill at once, and that a charge is never changed and the merchant is told.
    """
    return (
        "The charge posts as its fee says: {outstanding} is outstanding, and will be more by its"
        " amount; if that reaches the threshold of {threshold}, a bill {comes}. A charge is"
        " never changed: a credit corrects it. The merchant is told, with its amount and both of"
        " your texts for it."
    ).format(comes=comes(account), **figures(account))


def _new_charge(account: BillingAccount) -> dict[str, Any]:
    """The initial data of the form for a charge by hand: today as the day of service, and the fees
    that can be charged.
    """
    return {"service_on": account.open_on, "fees": charges_by_hand.chargeable()}


def _draw_up_effect(account: BillingAccount) -> str:
    """What an operator reads before drawing up a bill: its amount, whether it is issued at once or
    waits as a draft, and that plan fees, what has not posted and later dates stay.
    """
    return (
        f"A bill over {figure(billable(account))}{and_tax(account)} {comes(account)}: all that has"
        " posted, plan fees left aside, which wait for their own date. What has not posted yet, and"
        " the dates of later bills, stay as they are."
    )


DECISIONS = (
    Decision(
        "charge",
        "Charge by hand",
        form=Charged,
        effect=_charge_effect,
        initial=_new_charge,
        shown=shown.charged_by_hand,
        repeats=shown.is_charged,
        carry_out=CallOrPropose(charges_by_hand.charge, "merchant_id"),
        done=done("It is charged, and the merchant is told."),
        is_open=is_open,
    ),
    Decision(
        "bill-now",
        "Bill now",
        form=Reasoned,
        effect=_draw_up_effect,
        shown=shown.invoices,
        carry_out=Call(invoices_on_request.draw_up, "merchant_id"),
        done=lambda invoice: f"Bill {invoice} over {figure(invoice.total)} is drawn up.",
        is_open=is_open,
    ),
)
