"""Reads what operators are shown of an account before they decide about it. Nothing here writes."""

from typing import Any

from moneyed import Money

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past
from billing.models import (
    BankLine,
    BankStatement,
    BankTransfer,
    BillingAccount,
    BillingCredit,
    Charge,
    Fee,
    FeePrice,
    Invoice,
    Payment,
    ProviderDifference,
    Reversal,
    ThresholdRequest,
    other_sides,
)
from billing.queries import bank_statements, terms
from billing.queries.effects import billable, left_to_credit
from credit.models import CreditLine
from lib import money
from lib.formats import plain_money
from merchants.models import Merchant


def of_merchant(merchant: Any) -> Brief | None:
    """What operators are shown of the merchant's billing account (`of_account`); None if it has
    none.
    """
    account = BillingAccount.objects.filter(pk=merchant.pk).first()
    return of_account(account) if account else None


def of_account(account: BillingAccount) -> Brief:
    """What operators are shown of an account: its amounts, unpaid bills, threshold, plan, the day
    of its next bill or of its closing, and its payment method, and its latest bills, credits and
    changes of terms.
    """
    method = f"{account.get_payment_method_display()} {account.card or ''}".strip()
    ends = Fact("Next bill", account.next_invoice_on)
    if account.is_closed:
        ends = Fact("Closed", account.closed_on)
    return Brief(
        facts=(
            Fact("Outstanding", account.outstanding),
            Fact("Accruing today", account.accruing),
            Fact("Unapplied", account.unapplied),
            Fact("Unpaid bills", _unpaid(account)),
            Fact("Threshold", account.threshold),
            Fact("Plan", account.plan, _plan(account)),
            ends,
            Fact("Pays by", method, "disputed" if account.has_disputed_card else ""),
        ),
        histories=(
            History("Bills", _invoices(account)),
            History("Credits", _credits(account)),
            History("Changes of terms", _changes(account)),
        ),
    )


def of_bank_statement(statement: BankStatement) -> Brief:
    """What operators are shown of a bank's statement: its account, days, balances and lines, and
    the latest statements of the same account.
    """
    same = bank_statements.of_account(statement.account, statement.currency)
    rows = same.exclude(pk=statement.pk).order_by("-closes_on", "-pk")[:FEW]
    return Brief(
        facts=(
            Fact("Account", statement.account, statement.currency),
            Fact("Days", f"{statement.opens_on:%d %b %Y} to {statement.closes_on:%d %b %Y}"),
            Fact("Begins with", statement.opening),
            Fact("Ends with", statement.closing),
            Fact("Lines", statement.line_count),
        ),
        histories=(History("Statements of the account", [_bank_statement(one) for one in rows]),),
    )


def _bank_statement(statement: BankStatement) -> Past:
    """The row of a history for a bank's statement: its last day, its name and status, the balances
    that it begins and ends with, who decided about it, and why.
    """
    opening, closing = plain_money(statement.opening), plain_money(statement.closing)
    what = f"{statement.name}, {statement.get_status_display()}: from {opening} to {closing}"
    return Past(statement.closes_on, what, statement.decided_by, statement.reason)


def of_difference(difference: ProviderDifference) -> Brief:
    """What operators are shown of a difference: the payout and the payment that it is about, and
    the day on which it was found, before the account of the merchant whose payment it is.
    """
    payment, payout = difference.payment, difference.payout
    merchants = of_account(payment.invoice.account) if payment else Brief()
    paid = (
        Fact("Payment", str(payment), f"of bill {payment.invoice}")
        if payment
        else Fact("Payment", "none that is known here")
    )
    paid_out = (
        Fact("Payout", payout.reference, f"{payout.state}, of {payout.made_at:%d %b %Y}")
        if payout
        else Fact("Payout", "none")
    )
    return merchants.about(facts=(paid_out, paid, Fact("Found", f"{difference.found_at:%d %b %Y}")))


def of_bank_line(line: BankLine) -> Brief:
    """What operators are shown of a line of a bank's statement: what the bank says of it, before
    the account of the merchant whose it is or may be, if that is known.
    """
    merchants = of_account(line.account) if line.account else Brief()
    other = other_sides.readable(line)
    return merchants.about(
        facts=(
            Fact("Statement", line.statement.name, line.statement.account),
            Fact("Amount", line.amount),
            Fact("Value date", line.value_on),
            Fact("Other side", other.name or "–", other.account),
            Fact("Text", other.text or "–"),
        )
    )


def of_price(price: FeePrice) -> Brief:
    """What operators are shown of a price: the latest prices of the same fee in the same currency,
    for everybody or for the same merchant, as `of_prices` has them.
    """
    return of_prices(price.fee_id, price.currency, price.merchant)


def of_prices(fee: str, currency: str, merchant: Merchant | None) -> Brief:
    """What operators are shown of prices: the fee, and the FEW prices of it in the currency with
    the latest first days, also days to come, for this merchant alone or, with None, for everybody.
    Raises Fee.DoesNotExist.
    """
    same = FeePrice.objects.filter(fee=fee, currency=currency, merchant=merchant)
    rows = same.order_by("-from_on", "-pk")[:FEW]
    return Brief(
        facts=(
            Fact("Fee", str(Fee.objects.get(pk=fee)), fee),
            Fact("Currency", currency),
            Fact("For", str(merchant or "everybody")),
        ),
        histories=(
            History(
                "Prices, by their first day",
                [Past(one.from_on, _price(one), one.introduced_by) for one in rows],
            ),
        ),
    )


def _price(price: FeePrice) -> str:
    """The unit price as text; that a merchant's own price ends, if it has none."""
    if price.unit_price is None:
        return "the own price ends"
    return money.unit_price(price.unit_price, price.currency)


def about(row: Any, name: str, *, final: Money | None = None) -> Brief:
    """What operators are shown beside the decision called `name` about `row`: a brief of its
    account, with the facts of the row, what its merchant wrote, and what the decision changes. The
    row is of any of billing's models that belong to an account. `final` is what the final bill of
    an account comes to that is to be closed, None without one.
    """
    match row:
        case BillingAccount():
            return of_account(row).about(*_of_account(row, name, final))
        case Charge():
            left = Fact("Can be credited of the charge", left_to_credit(row))
            return of_account(row.account).about(facts=[Fact("Charge", row.amount), left])
        case BillingCredit():
            return of_account(row.account).about(
                *_of_credit(row, name),
                facts=_asked(row),
                words=row.message,
                written_by=row.asked_by,
            )
        case ThresholdRequest():
            return of_account(row.account).about(
                *_of_threshold(row, name), words=row.message, written_by=row.asked_by
            )
        case Invoice():
            return of_account(row.account).about(*_of_invoice(row, name), facts=_invoice(row))
        case Payment():
            return of_account(row.invoice.account).about(facts=_invoice(row.invoice))
        case BankTransfer():
            return of_account(row.account).about(*_of_transfer(row, name), facts=_transfer(row))
        case Reversal():
            return of_account(row.account).about(*_of_reversal(row, name))
    return of_account(row.account)


def _plan(account: BillingAccount) -> str:
    """The price of the account's plan and its days, as text."""
    return f"{plain_money(account.plan_price)} every {account.plan_interval_days} days"


def _unpaid(account: BillingAccount) -> Any:
    """What is left to pay of all unpaid bills of the account, as Money."""
    unpaid = account.invoices.filter(status__in=Invoice.UNPAID)
    return money.total((invoice.left_to_pay for invoice in unpaid), account.currency)


def _invoices(account: BillingAccount) -> list[Past]:
    """The account's latest FEW bills, drafts included, each with its total and status, and with
    what is left to pay if it is unpaid.
    """
    return [
        Past(
            invoice.issued_on,
            f"{invoice}: {plain_money(invoice.total)}, {invoice.get_status_display()}",
            why=f"{plain_money(invoice.left_to_pay)} left" if invoice.is_unpaid else "",
        )
        for invoice in account.invoices.order_by("-pk")[:FEW]
    ]


def _credits(account: BillingAccount) -> list[Past]:
    """The account's latest FEW credits, each with its fee, amount, status, who decided or asked,
    and why.
    """
    return [
        Past(
            credit.asked_at,
            f"{credit.fee}: {plain_money(credit.amount)}, {credit.get_status_display()}",
            credit.decided_by or credit.asked_by,
            credit.reason or credit.message,
        )
        for credit in account.credits.select_related("fee").order_by("-pk")[:FEW]
    ]


def _changes(account: BillingAccount) -> list[Past]:
    """The account's latest FEW changes of terms, each with the values before and after, who made
    it, and why.
    """
    return [
        Past(
            change.at,
            f"{change.get_what_display()}: {change.before or '-'} → {change.after or '-'}",
            change.actor,
            change.reason,
        )
        for change in account.changes.order_by("-pk")[:FEW]
    ]


def _of_account(account: BillingAccount, name: str, final: Money | None) -> list[Change]:
    """What the decision called `name` changes about the account. Closing changes its state and
    issues a `final` bill, if there is something to bill; reopening changes its state, the limit
    for new orders (from 0), and may charge a plan fee. Decisions that bill, pay out or give back
    change what is outstanding or unapplied, and others whether bills are reviewed. Empty for any
    other decision.
    """
    nothing = money.zero(account.currency)
    match name:
        case "close":
            billed = Change("On a final bill", nothing, final or nothing)
            return [Change("Account", "open", "closed"), billed]
        case "reopen":
            fee = terms.plan_chosen(account).plan_price
            fee = fee if terms.plan_starts_anew(account) else nothing
            line = CreditLine.objects.get(pk=account.pk)
            return [
                Change("Account", "closed", "open"),
                Change("Limit for new orders", money.zero(line.currency), line.limit),
                Change("Plan fee of today", nothing, fee),
            ]
        case "bill-now":
            left = account.outstanding - billable(account)
            return [Change("Outstanding", account.outstanding, left)]
        case "bill-rest":
            return [Change("Outstanding", account.outstanding, nothing)]
        case "pay-out":
            return [
                Change("Outstanding", account.outstanding, nothing),
                Change("Unapplied", account.unapplied, nothing),
            ]
        case "give-back":
            return [Change("Unapplied, if all goes back", account.unapplied, nothing)]
        case "review" | "no-review":
            return [Change("Bills are reviewed", account.reviews_bills, name == "review")]
    return []


def _asked(credit: BillingCredit) -> list[Fact]:
    """A fact with the credit's amount and its fee, and one with the charge that it corrects, if
    any.
    """
    on = [Fact("Charge", credit.charge.amount, str(credit.charge))] if credit.charge else []
    return [Fact("Credit", credit.amount, str(credit.fee)), *on]


def _of_credit(credit: BillingCredit, name: str) -> list[Change]:
    """How the decision called `name` changes the outstanding amount of the credit's account:
    "approve" lowers it and "undo" raises it by the credit; empty for others.
    """
    before = credit.account.outstanding
    match name:
        case "approve":
            return [Change("Outstanding", before, before - credit.amount)]
        case "undo":
            return [Change("Outstanding", before, before + credit.amount)]
    return []


def _of_threshold(request: ThresholdRequest, name: str) -> list[Change]:
    """How the decision called `name` changes the threshold: to the one wanted, if it approves the
    request; empty otherwise.
    """
    before = request.account.threshold
    return [Change("Threshold", before, request.threshold_wanted)] if name == "approve" else []


def _invoice(invoice: Invoice) -> list[Fact]:
    """Facts of the bill: its number and status, its total, what is left to pay, its due day, when
    it is tried next, and since when it is not paid.
    """
    return [
        Fact("Bill", str(invoice), str(invoice.get_status_display())),
        Fact("Its total", invoice.total),
        Fact("Left to pay of it", invoice.left_to_pay),
        Fact("Due on", invoice.due_on),
        Fact("Tried next", invoice.next_attempt_at),
        Fact("Not paid since", invoice.first_failed_on),
    ]


def _of_invoice(invoice: Invoice, name: str) -> list[Change]:
    """What the decision called `name` changes: what is left to pay, if it waives the bill, or what
    is outstanding, if it voids the bill or sends it back; empty otherwise.
    """
    if name == "waive":
        nothing = money.zero(invoice.currency)
        return [Change("Left to pay, if all is waived", invoice.left_to_pay, nothing)]
    if name not in ("void", "send-back"):
        return []
    before = invoice.account.outstanding
    return [Change("Outstanding", before, before + invoice.net)]


def _transfer(transfer: BankTransfer) -> list[Fact]:
    """The transfer's amount, reference and value date, and the bill that it paid, if any."""
    facts = [
        Fact("Transfer", transfer.amount, transfer.reference),
        Fact("Value date", transfer.arrived_on),
    ]
    return facts + (_invoice(transfer.payment.invoice) if transfer.payment else [])


def _of_transfer(transfer: BankTransfer, name: str) -> list[Change]:
    """What the decision "move", which books the transfer elsewhere or nowhere, changes on the
    transfer's account: what of it became unapplied is taken from what is unapplied now, as far as
    that goes, and the rest becomes outstanding. Empty for any other decision (`name`).
    """
    if name != "move":
        return []
    account = transfer.account
    came = transfer.entry.amount if transfer.entry else money.zero(account.currency)
    taken = min(came, account.unapplied)
    charged = account.outstanding + transfer.amount - taken
    return [
        Change("Unapplied", account.unapplied, account.unapplied - taken),
        Change("Outstanding", account.outstanding, charged),
    ]


def _of_reversal(reversal: Reversal, name: str) -> list[Change]:
    """How the decision called `name` changes the outstanding amount, if it charges the reversal
    again; empty otherwise.
    """
    before = reversal.account.outstanding
    return [Change("Outstanding", before, before + reversal.rest)] if name == "charge" else []
