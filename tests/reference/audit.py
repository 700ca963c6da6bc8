"""The invariants (chapter 25 of docs/rules.md), as far as events reach them."""

from .billing import Account
from .credit import CreditLine
from .ledger import IN_STATEMENT
from .model import Merchant, Model
from .money import ZERO
from .withdrawals import RETURNED


def audit(model: Model) -> None:
    """Raises AssertionError at the first merchant whose books do not hold."""
    for merchant in model.merchants.values():
        check_line(merchant.line, merchant)
        check_account(merchant.account, merchant)


def check_line(line: CreditLine, merchant: Merchant) -> None:
    """Check that the line's running sums are what its entries and orders add up to."""
    assert line.limit == sum((e.limit_change for e in line.entries), ZERO) >= 0
    assert line.used == sum((e.used_change for e in line.entries), ZERO) >= 0
    open_orders = [o for o in line.orders.values() if o.status == "OPEN"]
    assert line.used == sum((o.outstanding for o in open_orders), ZERO)
    assert open_orders == list(line.open_orders.values())
    sales = sum((e.amount for e in line.proceeds if e.kind == "SALE"), ZERO)
    taken = (o.paid - o.paid_elsewhere + o.recovered for o in line.orders.values())
    assert sales == sum(taken, ZERO)
    assert sum(line.buckets(merchant.open_day)) == sum((e.amount for e in line.proceeds), ZERO)
    for kept in line.unmatched.values():
        assert ZERO <= kept["settled"] <= kept["amount"]
    gone = sum((w.amount + w.fee for w in line.withdrawals if w.status not in RETURNED), ZERO)
    gone -= sum((w.amount for w in line.withdrawals if w.status == "RETURNED_BY_BANK"), ZERO)
    kinds = ("WITHDRAWAL", "FEE", "RETURNED", "SENT_BACK", "TAKEN_AGAIN")
    assert gone == -sum((e.amount for e in line.proceeds if e.kind in kinds), ZERO)
    for order in line.orders.values():
        if order.status != "OPEN":
            assert order.outstanding == 0
        assert ZERO <= order.refunded <= order.amount
        assert order.recoverable >= 0


def check_account(account: Account, merchant: Merchant) -> None:
    """Check that each charge is once on the account, and that its bills add up."""
    standing = [invoice for invoice in account.invoices if invoice.status != "VOID"]
    billed = [item for invoice in standing for item in invoice.items]
    items = billed + account.items
    assert len({id(item) for item in items}) == len(items)
    posted = [c.reference for item in items for c in item.charges]
    waiting = [c.reference for c in account.accrued + account.monthly]
    assert len(set(posted + waiting)) == len(posted + waiting)
    shown = [c.reference for s in account.statements.values() for c in s.charges]
    assert len(set(shown)) == len(shown)
    charges = [c for item in items for c in item.charges] + account.accrued + account.monthly
    assert {c.reference for c in charges if c.category in IN_STATEMENT} == set(shown)
    assert all(min(invoice.net, invoice.total) > 0 for invoice in account.invoices)
    for invoice in account.invoices:
        assert sum((one.base for one in invoice.taxes), ZERO) in (invoice.net, ZERO)
    scheduled = [invoice.on for invoice in standing if invoice.kind in ("SUBSCRIPTION", "CYCLE")]
    assert len(set(scheduled)) == len(scheduled)
    assert all(a.on <= b.on for a, b in zip(account.invoices, account.invoices[1:], strict=False))
    assert all(item.posting_day <= merchant.open_day for item in items)
    for invoice in account.invoices:
        paid = sum((a.amount for a in invoice.attempts if a.status == "SUCCEEDED"), ZERO)
        assert invoice.paid == paid
        assert (invoice.status == "PAID") == (paid == invoice.total)
        for attempt in invoice.attempts:
            for late in attempt.late:
                assert ZERO <= late.taken <= late.amount
            gone = sum((one.amount for one in attempt.reversals if not one.came_back), ZERO)
            assert gone <= attempt.amount
    assert account.unapplied >= 0
    used = [
        a for invoice in account.invoices for a in invoice.attempts if a.provider == "unapplied"
    ]
    entries = [-amount for kind, amount in account.unapplied_entries if kind == "USED"]
    assert sorted(one.amount for one in used) == sorted(entries)
