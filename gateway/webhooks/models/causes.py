"""What makes a webhook event: for each type, the row of the books that is its cause.

The database itself writes the event, by a trigger on the cause's table. So it is written in the
transaction of its cause, whoever wrote that and however: an operation for one merchant, a day-end
for a thousand, or SQL by hand. The books know nothing of it, and none of their writers can forget
it. Each class here is the cause's own table with nothing but its triggers.
"""

from collections.abc import Mapping
from typing import ClassVar

import pgtrigger

from billing.models import Invoice, InvoiceDecision, Payment, PaymentPlan, Statement
from credit.models import Freeze, LimitEntry, LimitReview, Order, Withdrawal
from gateway.webhooks import event_types
from gateway.webhooks.event_types import EventType

OF_INVOICE = "billing_invoice invoice WHERE invoice.id = NEW.invoice_id"


def _tells(
    type_: EventType,
    operation: pgtrigger.core.Operation,
    when: str,
    *,
    merchant: str,
    at: str,
    data: Mapping[str, str],
    unless: str = "false",
    source: str = "",
) -> pgtrigger.Trigger:
    """A trigger that writes an event of this type for each row that is inserted or updated
    (`operation`) so that `when` holds. There is one event of a type for a row: a row that would
    have a second one cannot be written.

    All texts but the names in `data` are SQL about OLD and NEW. `source`, if given, is what stands
    behind a FROM and gives exactly one row, of which `merchant` and `data` may tell, too: they
    query no table themselves, which Citus refuses among VALUES. `unless` suppresses the event; it
    may query other tables, which `when` may not. `data` has just the members that the type
    declares, or an AssertionError is raised.
    """
    missing = type_.data.model_fields.keys() ^ data.keys()
    assert not missing, f"{type_}: {missing} is declared or filled in, and not both"
    members = ", ".join(f"'{name}', {value}" for name, value in data.items())
    event = f"{merchant}, '{type_.code}', NEW.id, {at}, jsonb_build_object({members})"
    row = f"SELECT {event} FROM {source}" if source else f"VALUES ({event})"
    return pgtrigger.Trigger(
        name=f"tells_{type_.code.replace('.', '_')}_on_{operation}".lower(),
        when=pgtrigger.After,
        operation=operation,
        condition=pgtrigger.Condition(when),
        func=f"""
            IF NOT ({unless}) THEN
                INSERT INTO gateway_webhookevent (merchant_id, type, cause_id, at, data)
                {row};
            END IF;
            RETURN NULL;
        """,
    )


class OrdersTold(Order):
    """Orders, with the trigger that writes an event for each declined one."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.ORDER_DECLINED,
                pgtrigger.Insert,
                "NEW.status = 'DECLINED'",
                merchant="NEW.line_id",
                at="NEW.placed_at",
                data={
                    "order": "NEW.reference",
                    "buyer": "NEW.buyer",
                    "amount": "NEW.amount::text",
                    "currency": "NEW.currency",
                    "code": "NEW.decline_code",
                },
            ),
        ]


class LimitEntriesTold(LimitEntry):
    """Limit entries, with the trigger that writes an event for each that changes the limit."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.LIMIT_CHANGED,
                pgtrigger.Insert,
                "NEW.limit_change <> 0",
                merchant="NEW.line_id",
                at="NEW.at",
                data={
                    "kind": "NEW.kind",
                    "limit_before": "(NEW.limit_after - NEW.limit_change)::text",
                    "limit": "NEW.limit_after::text",
                    "used": "NEW.used_after::text",
                    "currency": "NEW.currency",
                },
            ),
        ]


OF_LINE = "credit_creditline line WHERE line.merchant_id = NEW.line_id"
OTHERS_IN_FORCE = """
EXISTS (SELECT FROM credit_freeze other WHERE other.line_id = NEW.line_id
                                          AND other.lifted_at IS NULL)
"""


class FreezesTold(Freeze):
    """Freezes, with the triggers that write an event when one is placed, and when the last one in
    force is lifted.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.LINE_FROZEN,
                pgtrigger.Insert,
                "true",
                merchant="NEW.line_id",
                at="NEW.placed_at",
                data={"reason": "NEW.reason", "currency": "line.currency"},
                source=OF_LINE,
            ),
            _tells(
                event_types.LINE_UNFROZEN,
                pgtrigger.Update,
                "OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL",
                unless=OTHERS_IN_FORCE,
                merchant="NEW.line_id",
                at="NEW.lifted_at",
                data={"reason": "NEW.reason", "currency": "line.currency"},
                source=OF_LINE,
            ),
        ]


REVIEW = {
    "on": 'NEW."on"',
    "grade": "NEW.grade",
    "status": "NEW.status",
    "limit_before": "NEW.limit_before::text",
    "limit_proposed": "NEW.limit_proposed::text",
    "limit_given": "NEW.limit_given::text",
    "currency": "NEW.currency",
}


class ReviewsTold(LimitReview):
    """Limit reviews, with the triggers that write an event when the outcome is final."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.REVIEW_DECIDED,
                pgtrigger.Insert,
                "NEW.status <> 'PENDING'",
                merchant="NEW.line_id",
                at="NEW.at",
                data=REVIEW,
            ),
            _tells(
                event_types.REVIEW_DECIDED,
                pgtrigger.Update,
                "OLD.status = 'PENDING' AND NEW.status <> 'PENDING'",
                merchant="NEW.line_id",
                at="NEW.decided_at",
                data=REVIEW,
            ),
        ]


WITHDRAWAL = {
    "withdrawal": "NEW.reference",
    "amount": "NEW.amount::text",
    "fee": "NEW.fee::text",
    "currency": "NEW.currency",
    "provider_reference": "NEW.provider_reference",
}


class WithdrawalsTold(Withdrawal):
    """Withdrawals, with the triggers that write an event when one is paid, failed or sent back."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.WITHDRAWAL_PAID,
                pgtrigger.Update,
                "OLD.status <> 'PAID' AND NEW.status = 'PAID'",
                merchant="NEW.line_id",
                at="coalesce(NEW.corrected_at, NEW.ended_at)",
                data=WITHDRAWAL,
            ),
            _tells(
                event_types.WITHDRAWAL_FAILED,
                pgtrigger.Update,
                "OLD.status <> 'FAILED' AND NEW.status = 'FAILED'",
                merchant="NEW.line_id",
                at="NEW.ended_at",
                data=WITHDRAWAL | {"reason": "NEW.reason"},
            ),
            _tells(
                event_types.WITHDRAWAL_RETURNED,
                pgtrigger.Update,
                "OLD.status <> 'RETURNED_BY_BANK' AND NEW.status = 'RETURNED_BY_BANK'",
                merchant="NEW.line_id",
                at="NEW.returned_at",
                data=WITHDRAWAL | {"reason": "NEW.returned_reason"},
            ),
        ]


class StatementsTold(Statement):
    """Statements, with the trigger that writes an event when one is closed."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.STATEMENT_CLOSED,
                pgtrigger.Update,
                "OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL",
                merchant="NEW.account_id",
                at="NEW.closed_at",
                data={
                    "month": "to_char(NEW.month, 'YYYY-MM')",
                    "total": "totals.amount::text",
                    "currency": "NEW.currency",
                },
                source="""(SELECT coalesce(sum(amount), 0) AS amount
                           FROM billing_statementtotal WHERE statement_id = NEW.id) totals""",
            ),
        ]


TOTAL = {
    "total": "NEW.total::text",
    "tax": "NEW.tax::text",
    "net": "(NEW.total - NEW.tax)::text",
    "currency": "NEW.currency",
}
ISSUED = {
    "number": "NEW.number",
    "kind": "NEW.kind",
    "issued_on": "NEW.issued_on",
    "due_on": "NEW.due_on",
    "period_start": "NEW.period_start",
    "period_end": "NEW.period_end",
    **TOTAL,
}


class InvoicesTold(Invoice):
    """Invoices, with the triggers that write an event when one is issued, is paid, or is not paid
    in time.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.INVOICE_ISSUED,
                pgtrigger.Insert,
                "NEW.status <> 'DRAFT'",
                merchant="NEW.account_id",
                at="NEW.issued_at",
                data=ISSUED,
            ),
            _tells(
                event_types.INVOICE_ISSUED,
                pgtrigger.Update,
                "OLD.status = 'DRAFT' AND NEW.status = 'OPEN'",
                merchant="NEW.account_id",
                at="NEW.issued_at",
                data=ISSUED,
            ),
            _tells(
                event_types.INVOICE_PAID,
                pgtrigger.Update,
                "OLD.status <> 'PAID' AND NEW.status = 'PAID'",
                merchant="NEW.account_id",
                at="NEW.paid_at",
                data={"number": "NEW.number", **TOTAL},
            ),
            _tells(
                event_types.INVOICE_UNPAID,
                pgtrigger.Update,
                "OLD.first_failed_at IS NULL AND NEW.first_failed_at IS NOT NULL",
                merchant="NEW.account_id",
                at="NEW.first_failed_at",
                data={
                    "number": "NEW.number",
                    "amount_paid": "NEW.amount_paid::text",
                    "failed_on": "NEW.first_failed_on",
                    **TOTAL,
                },
            ),
        ]


class InvoiceDecisionsTold(InvoiceDecision):
    """Decisions about invoices, with the trigger that writes an event when an invoice is voided."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.INVOICE_VOIDED,
                pgtrigger.Insert,
                "NEW.decision = 'VOIDED'",
                source=OF_INVOICE,
                merchant="invoice.account_id",
                at="NEW.at",
                data={
                    "number": "invoice.number",
                    "total": "invoice.total::text",
                    "tax": "invoice.tax::text",
                    "net": "(invoice.total - invoice.tax)::text",
                    "currency": "invoice.currency",
                },
            ),
        ]


OF_PLAN = {
    "number": "invoice.number",
    "left_to_pay": "(invoice.total - invoice.amount_paid)::text",
    "currency": "NEW.currency",
}


def _plan_ends(
    type_: EventType, status: PaymentPlan.Status, data: Mapping[str, str]
) -> pgtrigger.Trigger:
    """The trigger that writes an event of this type when a payment plan gets this status. `data`
    has, by the name of each member of the event's data, the SQL of its value.
    """
    return _tells(
        type_,
        pgtrigger.Update,
        f"OLD.status <> '{status}' AND NEW.status = '{status}'",
        source=OF_INVOICE,
        merchant="invoice.account_id",
        at="NEW.ended_at",
        data=data,
    )


class PaymentPlansTold(PaymentPlan):
    """Payment plans, with the triggers that write an event when one is made, and when it ends."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.PLAN_MADE,
                pgtrigger.Insert,
                "true",
                source=OF_INVOICE,
                merchant="invoice.account_id",
                at="NEW.at",
                data=OF_PLAN | {"due_on": "NEW.next_due_on"},
            ),
            _plan_ends(
                event_types.PLAN_KEPT,
                PaymentPlan.Status.KEPT,
                {"number": OF_PLAN["number"], "currency": "NEW.currency"},
            ),
            _plan_ends(
                event_types.PLAN_BROKEN,
                PaymentPlan.Status.BROKEN,
                OF_PLAN | {"due_on": "coalesce(NEW.next_due_on, NEW.ended_on)"},
            ),
            _plan_ends(event_types.PLAN_CANCELLED, PaymentPlan.Status.CANCELLED, OF_PLAN),
        ]


# Attempts that say nothing of the merchant (Payment.NOBODYS_FAILURES) are nobody's news.
NOBODYS = ", ".join(f"'{failure}'" for failure in Payment.NOBODYS_FAILURES)


class PaymentsTold(Payment):
    """Payments of invoices, with the trigger that writes an event when one fails, unless the
    failure says nothing about the merchant.
    """

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [
            _tells(
                event_types.PAYMENT_FAILED,
                pgtrigger.Update,
                f"""OLD.status <> 'FAILED' AND NEW.status = 'FAILED'
                    AND NEW.failure NOT IN ({NOBODYS})""",
                source=OF_INVOICE,
                merchant="invoice.account_id",
                at="NEW.ended_at",
                data={
                    "number": "invoice.number",
                    "attempt": "NEW.attempt",
                    "provider": "NEW.provider",
                    "amount": "NEW.amount::text",
                    "failure": "NEW.failure",
                    "currency": "NEW.currency",
                },
            ),
        ]
