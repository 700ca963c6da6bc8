"""The decisions about the collecting of a bill: to waive, to give it time, to pause, to split."""

from typing import Any

from backoffice.columns import figure
from backoffice.decisions import Call, Decision, Telling
from billing.admin import shown
from billing.admin.forms import DueLater, Paused, SplitIntoParts, Waived
from billing.models import Invoice
from billing.operations import due_days, pauses, payment_plans, waivers
from billing.queries import pauses as paused
from billing.queries import payment_plans as planned
from lib import calendar, money
from merchants.admin.two_people import CallOrPropose, done

COLLECTING = "Collecting"  # the menu
SUGGESTED_PARTS = 3


def is_paused(invoice: Invoice) -> bool:
    """Whether the bill's collecting is paused on the account's open day."""
    return paused.in_force(invoice, invoice.account.open_on) is not None


def _waive_effect(invoice: Invoice) -> str:
    """What an operator reads before waiving: what is left to pay of the bill, that a waiver is a
    credit that pays it at once, leaves what is outstanding as it is and cannot be taken back, and
    that the merchant is told.
    """
    return (
        f"{figure(invoice.left_to_pay)} of the bill is left to pay. What is waived is a credit that"
        " pays the bill at once, and the next bill shows both: they cancel out, and what is"
        " outstanding stays as it is. It cannot be taken back. The merchant is told."
    )


def _due_effect(invoice: Invoice) -> str:
    """What an operator reads before setting another due day: the present one, what follows if the
    bill is unpaid then, that a due day only moves to a later one, and that the merchant is told.
    """
    return (
        f"The bill is due on {invoice.due_on:%d %B %Y}. If it is unpaid as its due day starts, it"
        " has failed, and 28 days later the credit line is frozen: both are counted from the new"
        " day. A due day is only ever moved to a later one. The merchant is told."
    )


def _pause_effect(invoice: Invoice) -> str:
    """What an operator reads before pausing: that until that day nothing tries the bill by itself,
    it does not fail and freezes nothing, though a freeze that is in force stays; that one try
    follows on that day for all that were due meanwhile, and the schedule goes on; and that the
    merchant can pay it and is told.
    """
    return (
        "Until that day nothing tries the bill by itself, it does not fail, and it freezes no line;"
        " a freeze that is in force stays. The merchant can pay it as ever. As the day starts, what"
        " was to be tried meanwhile is tried once, and the schedule goes on. The merchant is told."
    )


def _resume_effect(invoice: Invoice) -> str:
    """What an operator reads before ending a pause: that the next hourly run tries the bill, that
    it may fail and freeze the line from tomorrow on, and that the merchant is told.
    """
    return (
        "What was to be tried by now is tried with the next hourly run. From tomorrow on the bill"
        " may fail and freeze the line as if there had been no pause. The merchant is told."
    )


def _plan_effect(invoice: Invoice) -> str:
    """What an operator reads before agreeing to a payment plan: what is left to pay; how the parts
    are collected; that meanwhile the bill is not tried otherwise, does not fail and freezes
    nothing, and that a freeze for unpaid bills ends now if all of them are under a plan; that an
    unpaid part ends the plan, and the old schedule goes on; and that the merchant is told.
    """
    how = "a transfer has to come by the end of that day"
    if invoice.account.has_disputed_card:
        how = (
            "nothing is collected, as a payment from its card was disputed, so a transfer has to"
            " come before that day starts, unless the merchant chooses how it pays by then"
        )
    elif invoice.account.pays_by_itself:
        how = f"collected as it starts ({invoice.account.get_payment_method_display()})"
    return (
        f"{figure(invoice.left_to_pay)} of the bill is paid in parts, each on its day: {how}."
        " Meanwhile the bill is not tried otherwise, does not fail and freezes nothing; a freeze"
        " for unpaid bills ends now if all of them are under a plan. If a part is not paid, the"
        " plan ends, and the old schedule goes on from there. The merchant is told."
    )


def _cancel_effect(invoice: Invoice) -> str:
    """What an operator reads before cancelling a payment plan: what is left to pay by the old
    schedule, when the bill is tried next, that it may freeze the line from tomorrow on, and that
    the merchant is told.
    """
    return (
        f"The plan ends, and {figure(invoice.left_to_pay)} is left to pay by the old schedule: the"
        " bill is tried by its next retry or, if it never failed, on its due day, and from tomorrow"
        " on it may freeze the line. The merchant is told."
    )


def _suggested(invoice: Invoice) -> dict[str, Any]:
    """The initial data of the form for a payment plan: what is left to pay in SUGGESTED_PARTS
    parts, on the first days of the next months, as lines of a day and an amount, equal but for the
    last, which has the rest; and the bill's currency.
    """
    days, day = [], invoice.account.open_on
    for _part in range(SUGGESTED_PARTS):
        day = calendar.next_month(day)
        days.append(day)
    each = money.part_of(invoice.left_to_pay, len(days))
    amounts = [each] * (len(days) - 1)
    amounts.append(invoice.left_to_pay - money.total(amounts, invoice.currency))
    lines = (f"{day} {money.text(amount)}" for day, amount in zip(days, amounts, strict=True))
    return {"parts": "\n".join(lines), "currency": invoice.currency}


def _rest(invoice: Invoice) -> dict[str, Any]:
    """The initial data of the form for a waiver: all that is left to pay of the bill."""
    return {"amount": invoice.left_to_pay}


DECISIONS = (
    Decision(
        "waive",
        "Waive",
        form=Waived,
        effect=_waive_effect,
        initial=_rest,
        shown=shown.invoice,
        repeats=shown.is_waived,
        carry_out=CallOrPropose(waivers.waive, "invoice_id"),
        done=done("It is waived, and the merchant is told."),
        is_open=lambda invoice: invoice.is_unpaid,
        menu=COLLECTING,
    ),
    Decision(
        "due-day",
        "Move the due day",
        form=DueLater,
        effect=_due_effect,
        shown=shown.due_day,
        is_so=lambda act: act.row.due_on == act.cleaned_data["due_on"],
        carry_out=Call(due_days.move, "invoice_id"),
        done="The bill is due later.",
        is_open=lambda invoice: (
            invoice.is_open
            and invoice.first_failed_at is None
            and not invoice.account.pays_by_itself
            and planned.in_force(invoice) is None
        ),
        menu=COLLECTING,
    ),
    Decision(
        "pause",
        "Pause",
        form=Paused,
        effect=_pause_effect,
        shown=shown.paused,
        carry_out=Call(pauses.pause, "invoice_id"),
        done="The collecting of the bill is paused.",
        is_open=lambda invoice: (
            invoice.is_open and not is_paused(invoice) and planned.in_force(invoice) is None
        ),
        menu=COLLECTING,
    ),
    Decision(
        "resume",
        "Resume",
        form=Telling,
        effect=_resume_effect,
        shown=shown.paused,
        carry_out=Call(pauses.resume, "invoice_id"),
        done="The bill is collected again.",
        is_open=lambda invoice: invoice.is_open and is_paused(invoice),
        menu=COLLECTING,
    ),
    Decision(
        "plan",
        "Make a payment plan",
        form=SplitIntoParts,
        effect=_plan_effect,
        initial=_suggested,
        shown=shown.plan_of,
        carry_out=Call(payment_plans.make, "invoice_id"),
        done="The bill is paid in parts.",
        is_open=lambda invoice: invoice.is_unpaid and planned.in_force(invoice) is None,
        menu=COLLECTING,
    ),
    Decision(
        "cancel-plan",
        "Cancel the payment plan",
        form=Telling,
        effect=_cancel_effect,
        shown=shown.plan_of,
        carry_out=Call(payment_plans.cancel, "invoice_id"),
        done="The payment plan is cancelled.",
        is_open=lambda invoice: planned.in_force(invoice) is not None,
        menu=COLLECTING,
    ),
)
