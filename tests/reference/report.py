"""What a replay ends with, as plain JSON values."""

from datetime import UTC, date
from decimal import Decimal
from typing import Any

from .billing import Account
from .credit import CreditLine
from .invoices import Invoice
from .model import Merchant, Model
from .money import ZERO, text
from .orders import Order
from .reversals import reversals_of
from .review import Review
from .taxes import Tax


def report(model: Model) -> dict[str, Any]:
    """All that the model's books say, with the outcomes of events."""
    return {
        "now": model.now.astimezone(UTC).isoformat() if model.now else None,
        "outcomes": model.outcomes,
        "merchants": {
            ref: of_merchant(m) | (of_money(model, m) if model.jobs else {})
            for ref, m in sorted(model.merchants.items())
        },
    }


def day(value: date | None) -> str | None:
    """The day as text, None for None."""
    return value.isoformat() if value else None


def of_merchant(merchant: Merchant) -> dict[str, Any]:
    """All that the model's books say of the merchant."""
    line, account = merchant.line, merchant.account
    return {
        "open_day": day(merchant.open_day),
        "line": {
            "limit": text(line.limit, line.currency),
            "used": text(line.used, line.currency),
            "frozen": line.frozen_by(),
        },
        "orders": {ref: of_order(o, line.currency) for ref, o in sorted(line.orders.items())},
        "limit_entries": entry_totals(line),
        "freezes": [
            {"reason": f.reason, "placed": day(f.placed_on), "lifted": day(f.lifted_on)}
            for f in line.freezes
        ],
        "reviews": [of_review(r, line.currency) for r in merchant.reviews],
        "proceeds": of_proceeds(line, merchant.open_day),
        "unmatched": {
            ref: {
                "order": kept["order"],
                "amount": text(kept["amount"], line.currency),
                "code": kept["code"],
            }
            for ref, kept in sorted(line.unmatched.items())
        },
        "refused": {
            f"{kind} {ref}": [
                kept.order,
                f"{kept.amount.normalize():f} {kept.currency}",
                kept.code,
                kept.times,
                "TAKEN" if kept.was_taken else "OPEN",
            ]
            for (kind, ref), kept in sorted(line.refused.items())
        },
        "told_overdue": sorted(
            [order, day(due_on), text(due, line.currency)]
            for order, due_on, due in line.told_overdue
        ),
        "account": {
            "outstanding": text(account.outstanding, account.currency),
            "accruing": text(account.accruing, account.currency),
        },
        "bills": of_invoices(account),
        "statements": of_statements(account),
    }


def of_money(model: Model, merchant: Merchant) -> dict[str, Any]:
    """What money did that no event tells of, where it is gone through one by one."""
    line, account = merchant.line, merchant.account
    return {
        "collected": [of_collecting(one, account) for one in account.invoices],
        "method": [account.method, account.is_card_disputed],
        "unapplied": [
            [kind, text(amount, account.currency)] for kind, amount in account.unapplied_entries
        ],
        "reversals": sorted(
            [
                text(reversal.amount, account.currency),
                text(reversal.taken, account.currency),
                reversal.status,
                reversal.came_back,
            ]
            for reversal in reversals_of(merchant)
        ),
        "withdrawals": [
            [text(one.amount, line.currency), text(one.fee, line.currency), one.status]
            for one in line.withdrawals
        ],
        "settled": {
            ref: text(kept["settled"], line.currency)
            for ref, kept in sorted(line.unmatched.items())
        },
        "withdrawable": text(line.withdrawable(), line.currency),
        "entries": {
            kind: text(
                sum((e.amount for e in line.proceeds if e.kind == kind), ZERO), line.currency
            )
            for kind in sorted({entry.kind for entry in line.proceeds})
        },
        "notes": [
            [issuer, text(total, account.currency), text(tax, account.currency)]
            for issuer, total, tax in account.notes
        ],
        "taxes of rests": sorted(of_tax(one, account) for one in account.taxation.of_rests),
        "threshold": text(account.threshold, account.currency),
        "proposals": of_proposals(merchant),
        "lines of banks": of_bank(model, merchant),
        "credits asked": sorted(
            text(one.amount, account.currency) for one in account.credits_asked
        ),
        "given": of_given(merchant),
    }


def of_bank(model: Model, merchant: Merchant) -> list[list[str]]:
    """What came in for the merchant, or is likely to have, and what takes some of that back."""
    return sorted(
        [text(one.amount, one.currency), one.status]
        for one in model.bank
        if one.owner == merchant.reference and one.status in ("BOOKED", "PROPOSED", "RETURN")
    )


def of_proposals(merchant: Merchant) -> dict[str, int]:
    """How many there are of those that were not confirmed, by what became of them."""
    found = [one.status for one in merchant.proposals if one.status != "CONFIRMED"]
    return {status: found.count(status) for status in sorted(set(found))}


def of_given(merchant: Merchant) -> dict[str, str]:
    """What operators gave, by sort, currency and day."""
    sums: dict[str, Decimal] = {}
    for one in merchant.given:
        name = f"{one.sort} {one.currency} {one.day}"
        sums[name] = sums.get(name, ZERO) + one.figure
    return {name: f"{figure.normalize():f}" for name, figure in sorted(sums.items())}


def of_tax(one: Tax, account: Account) -> list[str]:
    """The bill that it corrects is told by when it was made among the account's."""
    corrects = one.rate.corrects
    return [
        str(account.invoices.index(corrects)) if corrects else "",
        one.rate.category,
        f"{one.rate.percent.normalize():f}",
        text(one.base, account.currency),
        text(one.tax, account.currency),
    ]


def of_collecting(invoice: Invoice, account: Account) -> dict[str, Any]:
    """How the bill is collected: due day, failures, next try, plan, hold."""
    currency = account.currency
    has_due_day = invoice.status != "DRAFT" and invoice.due_on != date.max
    return {
        "kind": invoice.kind,
        "status": invoice.status,
        "due_on": day(invoice.due_on) if has_due_day else None,
        "failed_on": day(invoice.first_failed_on),
        "collected_on": day(invoice.collected_on),
        "paid": text(invoice.paid, currency),
        "issuer": invoice.issuer,
        "taxes": sorted(of_tax(one, account) for one in invoice.taxes),
        "plan": invoice.plan and invoice.plan.status,
        "attempts": [
            [one.provider, one.status, text(one.amount, currency)] for one in invoice.attempts
        ],
    }


def of_order(order: Order, currency: str) -> dict[str, Any]:
    """The order's figures."""
    return {
        "status": order.status,
        "outstanding": text(order.outstanding, currency),
        "refunded": text(order.refunded, currency),
        "written_off": text(order.written_off, currency),
        "due_on": day(order.due_on),
        "decline_code": order.decline_code,
    }


def entry_totals(line: CreditLine) -> dict[str, Any]:
    """For each kind of the line's entries, how many there are and what they add up to."""
    totals: dict[str, list[Any]] = {}
    for entry in line.entries:
        total = totals.setdefault(entry.kind, [0, ZERO, ZERO])
        total[0] += 1
        total[1] += entry.limit_change
        total[2] += entry.used_change
    return {
        kind: {
            "count": count,
            "limit": text(limit, line.currency),
            "used": text(used, line.currency),
        }
        for kind, (count, limit, used) in sorted(totals.items())
    }


def of_review(review: Review, currency: str) -> dict[str, Any]:
    """What a review came to."""
    return {
        "on": day(review.on),
        "paid": text(review.paid, currency),
        "score": f"{review.score.quantize(Decimal('0.000001')):f}",
        "grade": review.grade,
        "limit_before": text(review.limit_before, currency),
        "limit_after": text(review.limit_after, currency),
        "outcome": review.outcome,
    }


def of_proceeds(line: CreditLine, today: date) -> dict[str, Any]:
    """What proceeds add up to by kind, have matured and have maturing."""
    matured, maturing = line.buckets(today)
    sums = {"SALE": ZERO, "REFUND": ZERO}
    for entry in line.proceeds:
        sums[entry.kind] = sums.get(entry.kind, ZERO) + entry.amount
    return {
        "sums": {kind: text(total, line.currency) for kind, total in sums.items()},
        "matured": text(matured, line.currency),
        "maturing": text(maturing, line.currency),
    }


def of_invoices(account: Account) -> list[dict[str, Any]]:
    """The account's bills with their lines."""
    return [
        {
            "kind": invoice.kind,
            "date": day(invoice.on),
            "period_start": day(invoice.period[0]),
            "period_end": day(invoice.period[1]),
            "plan_days": [day(one) for one in invoice.plan_days or ()],
            "total": text(invoice.total, account.currency),
            "status": invoice.status,
            "lines": sorted(
                [
                    line.item.fee,
                    day(line.item.posting_day),
                    text(line.amount, account.currency),
                    len(line.charges),
                ]
                for line in invoice.lines
            ),
        }
        for invoice in account.invoices
    ]


def of_statements(account: Account) -> dict[str, Any]:
    """The account's statements by month: sum and number of charges by category."""
    found = {}
    for month, statement in sorted(account.statements.items()):
        categories: dict[str, list[Any]] = {}
        for charge in statement.charges:
            total = categories.setdefault(charge.category, [ZERO, 0])
            total[0] += charge.amount
            total[1] += 1
        found[month] = {
            "closed": statement.closed,
            "categories": {
                name: {"total": text(amount, account.currency), "count": count}
                for name, (amount, count) in sorted(categories.items())
            },
        }
    return found
