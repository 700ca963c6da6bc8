"""Collects many bills at once whose provider's answer is known without asking (rule 20.13).

That is the sandbox without a card, which says yes and remembers nothing: nothing of it is outside
our database, so an attempt and its answer are one transaction, as those of proceeds are. A replay
has thousands of such bills, of which each by itself takes twenty statements and five transactions.

Only plain bills are collected here, with the rows that `payments.collect` writes: due, with nothing
under way, and of a merchant whose line no unpaid bill concerns. All others are left to it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

from django.db import transaction

from billing.operations import accounts
from billing.operations.attempts import COLLECTOR
from billing.providers.registry import PROVIDERS, Sandbox
from lib import counters, prepared
from lib.parts import InSteps
from merchants import installation

SANDBOX = "sandbox"
WHOSE = "SELECT DISTINCT account_id FROM billing_invoice WHERE id = ANY(%(invoices)s::bigint[])"
# Both books of a merchant count at one instant, the later of theirs, as in `accounts.lock_both`.
COLLECT = f"""
WITH due AS (
    SELECT invoice.id, invoice.account_id, invoice.number, invoice.currency,
           invoice.total - invoice.amount_paid AS wanted,
           greatest(%(now)s, account.last_wrote_at, line.last_wrote_at) AS at,
           (SELECT count(*) FROM billing_payment payment
            WHERE payment.invoice_id = invoice.id) + 1 AS attempt
    FROM billing_invoice invoice
    JOIN billing_billingaccount account ON account.merchant_id = invoice.account_id
    JOIN credit_creditline line ON line.merchant_id = invoice.account_id
    WHERE invoice.id = ANY(%(invoices)s::bigint[])
      AND invoice.status = 'OPEN' AND invoice.next_attempt_at <= %(now)s
      AND invoice.next_attempt_by = '' AND invoice.total > invoice.amount_paid
      AND account.payment_method = '{SANDBOX}' AND account.card_id IS NULL
      AND account.card_disputed_at IS NULL
      AND least(account.open_until, line.open_until)
          > greatest(%(now)s, account.last_wrote_at, line.last_wrote_at)
      AND line.unpaid_bill_days = '{{}}'
      AND NOT EXISTS (SELECT FROM credit_freeze standing WHERE standing.line_id = line.merchant_id
                      AND standing.reason = 'UNPAID_BILL' AND standing.lifted_at IS NULL)
      AND NOT EXISTS (SELECT FROM billing_payment payment WHERE payment.invoice_id = invoice.id
                      AND payment.status IN ('PENDING', 'UNKNOWN'))
      AND NOT EXISTS (SELECT FROM billing_paymentplan plan WHERE plan.invoice_id = invoice.id
                      AND plan.status = 'IN_FORCE')
      AND NOT EXISTS (SELECT FROM jobs_lease WHERE what = 'bill ' || invoice.id)
), keyed AS (
    SELECT due.*, {{outside}} || '-' || attempt AS key FROM due
), payment AS (
    INSERT INTO billing_payment (invoice_id, attempt, provider, actor, idempotency_key,
        provider_reference, status, failure, is_hard, currency, amount, started_at, ended_at)
    SELECT id, attempt, '{SANDBOX}', '{COLLECTOR}', key, '{Sandbox.TAKEN}' || key,
           'SUCCEEDED', '', false, currency, wanted, at, at
    FROM keyed ORDER BY id
), account AS (
    UPDATE billing_billingaccount account SET last_wrote_at = due.at
    FROM due WHERE account.merchant_id = due.account_id
), line AS (
    UPDATE credit_creditline line SET last_wrote_at = due.at
    FROM due WHERE line.merchant_id = due.account_id
)
UPDATE billing_invoice invoice
SET amount_paid = total, status = 'PAID', paid_at = due.at, next_attempt_at = NULL
FROM due WHERE invoice.id = due.id
RETURNING invoice.id
"""


@cache
def _collecting(outside: str) -> InSteps:
    """The statement that collects due bills by the sandbox: it writes their payments, marks them
    paid, and returns their keys. `outside` is SQL for what a bill is called outside.
    """
    return InSteps(COLLECT.replace("{outside}", outside))


@transaction.atomic
def collect(invoice_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Collect by the sandbox those of these bills that it takes for certain: open and due ones,
    which nobody has had tried by choosing a method, of accounts that pay by it without a card, with
    no attempt, payment plan or lease under way, and of merchants whose line no unpaid bill freezes
    or is going to freeze. Returns the keys of the others, for which nothing is done, in the order
    given.

    It locks the accounts of all these bills, and then their lines, in the order of their keys, and
    works off their days. Raises ProviderNotReady where the sandbox is switched off. Rule 20.13.
    """
    PROVIDERS[SANDBOX].check_ready()
    whose = prepared.rows(WHOSE, {"invoices": list(invoice_ids)})
    merchants = [account_id for (account_id,) in whose]
    accounts.hold_both(merchants).work_off(now=now)
    statement = _collecting(installation.outside_sql("number"))
    paid = prepared.rows(statement, {"invoices": list(invoice_ids), "now": now})
    succeeded = counters.PAYMENTS.labels(SANDBOX, "SUCCEEDED")
    transaction.on_commit(partial(succeeded.inc, len(paid)))
    done = {invoice_id for (invoice_id,) in paid}
    return [invoice_id for invoice_id in invoice_ids if invoice_id not in done]
