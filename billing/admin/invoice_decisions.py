"""What operators decide about a bill."""

from typing import Any

from backoffice.columns import figure
from backoffice.decisions import Act, Call, ConfirmForm, Decision, Reasoned
from billing.admin import shown
from billing.admin.forms import Transfer
from billing.admin.payments import outcome
from billing.models import Invoice, Payment
from billing.models.accounts import DAYS_TO_PAY
from billing.operations import invoice_decisions, payments, transfers
from billing.queries import payment_plans
from billing.queries.effects import other_unpaid_invoices
from lib import money

Status = Invoice.Status


def _figures(invoice: Invoice) -> dict[str, str]:
    """Amounts as text for sentences about the bill: its `total`, what is `left` to pay, and what
    its account has outstanding `before`, and `after` the bill's items are outstanding again.
    """
    account = invoice.account
    named = {
        "total": invoice.total,
        "left": invoice.left_to_pay,
        "before": account.outstanding,
        "after": account.outstanding + invoice.net,
    }
    return {name: figure(value) for name, value in named.items()}


def _issue_effect(invoice: Invoice) -> str:
    """What an operator reads before issuing the draft: its total, that it gets its number and goes
    to the merchant, and whether it is collected at once, is due at once, as its card was disputed,
    or in how many days it is due.
    """
    if invoice.account.has_disputed_card:
        how = "it is due at once, and nothing is collected, as a payment from its card was disputed"
    elif invoice.account.pays_by_itself:
        how = f"it is collected at once ({invoice.account.get_payment_method_display()})"
    else:
        how = f"it is due in {DAYS_TO_PAY} days"
    return "The bill over {total} gets its number and goes to the merchant; {how}.".format(
        how=how, **_figures(invoice)
    )


def _send_back_effect(invoice: Invoice) -> str:
    """What an operator reads before sending the draft back: its total, what is outstanding before
    and after, and that the next bill has what is on it.
    """
    return (
        "The draft over {total} is given up and never gets a number. What is on it is outstanding"
        " again, which goes from {before} to {after}, and comes on the next bill."
    ).format(**_figures(invoice))


def _void_effect(invoice: Invoice) -> str:
    """What an operator reads before voiding the bill: its total, what is outstanding before and
    after, that it keeps its number, and whether that ends a freeze of the credit line.
    """
    said = (
        "The bill over {total} is void and keeps its number. What is on it is outstanding again,"
        " which goes from {before} to {after}, and comes on the next bill; voiding makes none."
    ).format(**_figures(invoice))
    return f"{said} {_freed(invoice)}"


def _freed(invoice: Invoice) -> str:
    """Return a sentence on whether a freeze of the credit line for unpaid bills ends once this bill
    is paid or void: it stays while other bills are unpaid and have no payment plan, which are
    counted.
    """
    others = other_unpaid_invoices(invoice)
    if not others:
        return (
            "No other bill is unpaid without a payment plan: a freeze of the credit line because of"
            " unpaid bills ends with this one."
        )
    if others == 1:
        return "1 other bill is unpaid: a freeze of the credit line because of it stays."
    return f"{others} other bills are unpaid: a freeze of the credit line because of them stays."


def _uncollectible_effect(invoice: Invoice) -> str:
    """What an operator reads before marking the bill as uncollectible: what is left to pay, that
    nothing tries it by itself any more, that the merchant can still pay it, and that a freeze
    stays.
    """
    return (
        "{left} of the bill is left to pay, and is not tried by itself any more. The merchant still"
        " owes it and can pay it; a freeze of the credit line because of it stays."
    ).format(**_figures(invoice))


def _transfer_effect(invoice: Invoice) -> str:
    """What an operator reads before recording a transfer for the bill: what is left to pay of its
    total, that what is more becomes unapplied money, and whether payment ends a freeze; of a bill
    that is not unpaid, that the whole transfer becomes unapplied money.
    """
    if not invoice.is_unpaid:
        return (
            "Nothing is left to pay of the bill. The whole transfer is unapplied money of the"
            " merchant: it pays other bills, those that are unpaid now and later ones."
        )
    said = (
        "{left} of the bill's {total} is left to pay. A transfer of all of it pays the bill, a"
        " smaller one a part. What is more is unapplied money of the merchant: it pays other bills,"
        " those that are unpaid now and later ones."
    ).format(**_figures(invoice))
    return f"{said} {_freed(invoice)}"


def _pay_effect(invoice: Invoice) -> str:
    """What an operator reads before collecting the bill now: what is left to pay, the payment
    method, and that planned retries stay.
    """
    account = invoice.account
    method = account.get_payment_method_display() + (f" {account.card}" if account.card else "")
    return (
        "{left} of the bill is collected at once ({method}). Retries that are planned stay where"
        " they are."
    ).format(method=method, **_figures(invoice))


def _record_transfer(act: Act) -> Invoice:
    """Record the transfer for the bill that the operator's form states, with a trail row
    (transfers.record, which also says what it raises): it pays what is left of the bill, and what
    is more becomes unapplied money, of which the merchant is notified. Returns the bill as it is
    then.
    """
    transfers.record(
        invoice_id=act.row.pk,
        amount=act.cleaned_data["amount"],
        reference=act.cleaned_data["reference"],
        arrived_on=act.cleaned_data["arrived_on"],
        actor=act.actor,
        now=act.now,
    )
    return Invoice.objects.select_related("account").get(pk=act.row.pk)


def _pay_now(act: Act) -> Payment:
    """Try to collect the bill at once, with a trail row, and return the attempt. The merchant may
    be notified of its failure. `act` has how many attempts the page showed: raises
    payments.InvoiceChanged if the bill was tried since, and what else payments.pay_now raises.
    """
    showed = act.showed or {}
    seen = showed.get("Attempts", "")
    return payments.pay_now(
        invoice_id=act.row.pk,
        attempts_seen=int(seen) if seen.isdecimal() else None,
        actor=act.actor,
        now=act.now,
    )


def _recorded(invoice: Invoice) -> str:
    """The sentence that an operator reads after recording a transfer: what is left to pay of the
    bill, and how much of the merchant's money is unapplied.
    """
    left = figure(invoice.left_to_pay if invoice.is_unpaid else money.zero(invoice.currency))
    unapplied = figure(invoice.account.unapplied)
    return (
        f"The transfer is recorded; {left} of the bill is left to pay, and {unapplied} of the"
        " merchant's money is unapplied."
    )


def _left(invoice: Invoice) -> dict[str, Any]:
    """The initial data of the form for a transfer: the amount that is left to pay; empty unless the
    bill is unpaid.
    """
    return {"amount": invoice.left_to_pay} if invoice.is_unpaid else {}


def _is_draft(invoice: Invoice) -> bool:
    """Whether the bill is a draft."""
    return invoice.is_draft


def _is_open(invoice: Invoice) -> bool:
    """Whether the bill is open and no payment plan is in force for it."""
    return invoice.is_open and payment_plans.in_force(invoice) is None


DECISIONS = (
    Decision(
        "issue",
        "Issue",
        form=Reasoned,
        effect=_issue_effect,
        shown=shown.invoice,
        carry_out=Call(invoice_decisions.issue_draft, "invoice_id"),
        done=lambda invoice: f"It is issued as bill {invoice}.",
        is_open=_is_draft,
    ),
    Decision(
        "send-back",
        "Send back",
        form=Reasoned,
        effect=_send_back_effect,
        shown=shown.invoice,
        carry_out=Call(invoice_decisions.send_back, "invoice_id"),
        done="The draft is sent back.",
        is_open=_is_draft,
    ),
    Decision(
        "transfer",
        "Record a transfer",
        form=Transfer,
        effect=_transfer_effect,
        initial=_left,
        shown=shown.invoice,
        repeats=shown.is_received,
        carry_out=_record_transfer,
        done=_recorded,
        is_open=lambda invoice: invoice.number is not None,
    ),
    Decision(
        "pay",
        "Collect now",
        form=ConfirmForm,
        effect=_pay_effect,
        shown=shown.attempts,
        commits_itself=True,
        carry_out=_pay_now,
        done=outcome,
        is_open=lambda invoice: invoice.is_unpaid and invoice.account.collects_by_itself,
    ),
    Decision(
        "void",
        "Void",
        form=Reasoned,
        effect=_void_effect,
        shown=shown.invoice,
        carry_out=Call(invoice_decisions.void, "invoice_id"),
        done="The bill is void.",
        is_open=_is_open,
    ),
    Decision(
        "uncollectible",
        "Mark as uncollectible",
        form=Reasoned,
        effect=_uncollectible_effect,
        shown=shown.invoice,
        carry_out=Call(invoice_decisions.mark_uncollectible, "invoice_id"),
        done="The bill is marked as uncollectible.",
        is_open=_is_open,
    ),
)
