"""What money did, in the terms of the reference: its books and ours, and in what they differ."""

from typing import Any

from django.db.models import QuerySet, Sum

from billing.models import BillingAccount, CreditNote, Invoice, InvoiceTax, Reversal, UnappliedEntry
from billing.queries import arrivals, invoices
from credit.models import CreditLine, OrderPayment, ProceedsEntry, Withdrawal
from credit.queries import proceeds
from lib import money
from merchants.models import Merchant, OperatorDecision
from tests import bank_decisions, merchant_decisions
from tests.reference import Model
from tests.test_against_reference import ours


def our_money() -> dict[str, Any]:
    """Our books, with what money did, in the reference's terms."""
    found = ours()
    for merchant in Merchant.objects.all():
        found[merchant.reference] |= of_money(merchant)
    return found


def of_money(merchant: Merchant) -> dict[str, Any]:
    """What the books say of the merchant's money, bill by bill and payout by payout, in the form
    that the reference's model gives, too.
    """
    line = CreditLine.objects.get(pk=merchant.pk)
    account = BillingAccount.objects.get(pk=merchant.pk)
    cash = OrderPayment.objects.filter(line=line, status="UNMATCHED").order_by("reference")
    return {
        "collected": [
            of_collecting(one)
            for one in Invoice.objects.filter(account=account).order_by("pk")
        ],
        "method": [account.payment_method, account.has_disputed_card],
        "unapplied": [
            [one.kind, money.text(one.amount)]
            for one in UnappliedEntry.objects.filter(account=account).order_by("pk")
        ],
        "reversals": sorted(
            [
                money.text(one.amount),
                money.text(one.taken),
                one.status,
                one.came_back_at is not None,
            ]
            for one in Reversal.objects.filter(account=account)
        ),
        "withdrawals": [
            [money.text(one.amount), money.text(one.fee), one.status]
            for one in Withdrawal.objects.filter(line=line).order_by("pk")
        ],
        "settled": {one.reference: money.text(one.settled) for one in cash},
        "withdrawable": money.text(proceeds.withdrawable(line, today=line.open_on)),
        "entries": {
            kind: money.figure_text(figure, line.currency)
            for kind, figure in ProceedsEntry.objects.filter(line=line)
            .values_list("kind").annotate(Sum("amount")).order_by("kind")
        },
        "notes": [
            [prefix_of(note.invoice), money.text(note.total), money.text(note.tax)]
            for note in CreditNote.objects.filter(account=account).order_by("pk")
        ],
        "taxes of rests": of_taxes(InvoiceTax.objects.filter(rest__account=account), account),
        "threshold": money.text(account.threshold),
        "credits asked": merchant_decisions.asked(merchant),
        "proposals": merchant_decisions.proposed(merchant),
        "lines of banks": bank_decisions.of_merchant(merchant),
        "given": given(merchant),
    }  # fmt: skip


def prefix_of(invoice: Invoice) -> str:
    """The prefix of the bill's issuer; "" for the installation's own."""
    return str(invoice.issuer.issuer.prefix) if invoice.issuer else ""


def of_taxes(rows: QuerySet[InvoiceTax], account: BillingAccount) -> list[list[str]]:
    """The bill that is corrected is told by when it was made among the account's."""
    places = list(
        Invoice.objects.filter(account=account).order_by("pk").values_list("pk", flat=True)
    )
    return sorted(
        [
            str(places.index(row.corrects_id)) if row.corrects_id else "", row.category,
            f"{row.percent.normalize():f}", money.text(row.base), money.text(row.tax),
        ]
        for row in rows
    )  # fmt: skip


def given(merchant: Merchant) -> dict[str, str]:
    """What operators gave, by sort, currency and day."""
    sums = (
        OperatorDecision.objects.filter(merchant=merchant, what__in=("credits", "pay_outs"))
        .values_list("what", "currency", "day").annotate(Sum("figure")).order_by()
    )  # fmt: skip
    return {
        f"{what} {currency} {day}": f"{figure.normalize():f}"
        for what, currency, day, figure in sorted(sums)
    }


def of_collecting(invoice: Invoice) -> dict[str, Any]:
    """How the bill is collected: due day, failures, next try, plan, hold."""
    plan = invoice.payment_plans.order_by("pk").last()
    collected_on = arrivals.collected_on(invoice, list(invoices.attempts(invoice)))
    return {
        "kind": invoice.kind,
        "status": invoice.status,
        "due_on": str(invoice.due_on) if invoice.number else None,
        "failed_on": invoice.first_failed_on and str(invoice.first_failed_on),
        "collected_on": collected_on and str(collected_on),
        "paid": money.text(invoice.amount_paid),
        "issuer": prefix_of(invoice),
        "taxes": of_taxes(InvoiceTax.objects.filter(invoice=invoice), invoice.account),
        "plan": plan and plan.status,
        "attempts": [
            [one.provider, one.status, money.text(one.amount)]
            for one in invoice.payments.order_by("attempt")
        ],
    }


def in_one_order(found: dict[str, Any]) -> dict[str, Any]:
    """Sort each merchant's bills by their contents, as drafts are issued later than they are made,
    and its freezes by day and reason, as some are placed at one instant. Returns `found`.
    """
    for merchant in found.values():
        merchant["bills"].sort(key=lambda invoice: sorted(invoice.items()))
        merchant["freezes"].sort(key=lambda one: (one["placed"], one["reason"]))
    return found


def theirs(model: Model) -> dict[str, Any]:
    """What the reference's model has of all merchants, in the form of `of_money`."""
    found: dict[str, Any] = model.state()["merchants"]
    for merchant in found.values():
        sums = merchant["proceeds"].pop("sums")
        known = ("SALE", "REFUND", "OPENING")
        merchant["proceeds"] |= {kind: sums[kind] for kind in known if kind in sums}
    return in_one_order(found)


def unlike(expected: Any, found: Any) -> tuple[Any, Any]:
    """What is in one of both alone: of lists, and of dicts by their keys."""
    if isinstance(expected, dict):
        names = expected.keys() | found.keys()
        unlike_names = [name for name in names if expected.get(name) != found.get(name)]
        return tuple({n: one.get(n) for n in unlike_names} for one in (expected, found))  # type: ignore[return-value]
    if isinstance(expected, list):
        return [one for one in expected if one not in found], [
            one for one in found if one not in expected
        ]
    return expected, found


def unlike_books(expected: dict[str, Any], found: dict[str, Any]) -> list[Any]:
    """Merchant, part of the books, and what is in one of both alone."""
    assert expected.keys() == found.keys()
    return [
        (reference, part, *unlike(merchant[part], found[reference][part]))
        for reference, merchant in expected.items()
        for part in merchant
        if merchant[part] != found[reference][part]
    ]
