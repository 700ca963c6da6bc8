"""Which items a bill takes, for the statements that write it (rule 15.1)."""

_POSTED = "item.posted_at IS NOT NULL AND "
# Bills that are due, and the items that each takes by its kind.
TAKEN = f"""
WITH due AS (
    SELECT * FROM unnest(%(accounts)s::bigint[], %(kinds)s::text[], %(dates)s::date[],
                         %(instants)s::timestamptz[]) AS due(account_id, kind, issued_on, at)
), taken AS (
    SELECT item.id, item.account_id, item.amount, item.posting_on,
           fee.category = 'SUBSCRIPTION' AS is_plan
    FROM due JOIN billing_invoiceitem item ON item.account_id = due.account_id
    JOIN billing_fee fee ON fee.code = item.fee_id
    WHERE {_POSTED}item.invoice_id IS NULL
      AND CASE
               WHEN due.kind IN ('THRESHOLD', 'ON_REQUEST')
               THEN item.posting_on <= due.issued_on AND fee.category <> 'SUBSCRIPTION'
               WHEN due.kind = 'FINAL' THEN true
               ELSE item.posting_on < due.issued_on
                    OR (item.posting_on = due.issued_on AND fee.category = 'SUBSCRIPTION') END
)"""
# The same, as if all that is not posted yet were: so it is once an account closes.
TAKEN_AT_CLOSING = TAKEN.replace(_POSTED, "")
