"""Settles bills of the time before the books were live, which were paid outside Tael (rule
23.14).
"""

from collections.abc import Sequence

from billing.moving_in import PROVIDER
from lib import parts
from lib.parts import InSteps

# Each is PAID as it is issued, by one payment over all that is left of it.
SETTLE = InSteps("""
WITH invoice AS (
    SELECT id, number, currency, issued_at, total - amount_paid AS amount,
           1 + (SELECT count(*) FROM billing_payment payment WHERE payment.invoice_id = invoice.id)
               AS attempt
    FROM billing_invoice invoice WHERE id = ANY(%(invoices)s) AND status = 'OPEN'
), paid AS (
    UPDATE billing_invoice SET status = 'PAID', amount_paid = total, paid_at = invoice.issued_at,
        next_attempt_at = NULL
    FROM invoice WHERE billing_invoice.id = invoice.id
)
INSERT INTO billing_payment (invoice_id, attempt, provider, actor, idempotency_key,
    provider_reference, status, failure, is_hard, currency, amount, started_at, ended_at)
SELECT id, attempt, %(provider)s, %(provider)s, number || '-' || attempt, '', 'SUCCEEDED', '',
       false, currency, amount, issued_at, issued_at
FROM invoice ORDER BY id
""")


def settle(invoice_ids: Sequence[int]) -> None:
    """Mark those of these bills that are open, which were just issued, as paid by a payment of
    provider `moved-in`; no provider is asked. Rule 23.14.
    """
    parts.rows(SETTLE, {"invoices": list(invoice_ids), "provider": PROVIDER})
