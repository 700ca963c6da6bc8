"""Credit notes: what they take back, and their numbers (rule 28.5)."""

from billing.audit.invoices import INVOICE
from billing.models.credit_notes import SUFFIX
from lib.audit import HERE, Check
from merchants.moved import LEFT

CHECKS = (
    Check(
        4,
        "a credit note mirrors an issuer's bill that was voided, and each of those has one",
        "account, total, tax, currency, instant",
        f"""
        SELECT coalesce(voided.account_id, note.account_id) AS merchant_id,
               coalesce('credit note ' || note.number, voided.subject) AS subject,
               CASE WHEN voided.id IS NOT NULL THEN (
                   voided.account_id, -voided.total, -voided.tax, voided.currency, voided.at
               ) END AS expected,
               CASE WHEN note.id IS NOT NULL THEN (
                   note.account_id, note.total, note.tax, note.currency, note.issued_at
               ) END AS found
        FROM (
            SELECT invoice.*, {INVOICE} AS subject, decision.at FROM billing_invoice invoice
            JOIN billing_invoicedecision decision
                 ON decision.invoice_id = invoice.id AND decision.decision = 'VOIDED'
            WHERE invoice.issuer_id IS NOT NULL
        ) voided FULL JOIN billing_creditnote note ON note.invoice_id = voided.id
        """,
    ),
    Check(
        6,
        "credit notes are numbered in their issuer's series, without a gap",
        "prefix, notes",
        f"""
        SELECT note.account_id AS merchant_id,
               'credit note ' || coalesce(given_out.number, note.number) AS subject,
               (given_out.prefix, CASE WHEN given_out.number IS NOT NULL THEN 1::bigint ELSE 0 END)
                   AS expected,
               (CASE WHEN note.number IS NULL THEN given_out.prefix ELSE note.prefix END,
                coalesce(note.count, 0)) AS found
        FROM (
            SELECT * FROM (
                SELECT year, left(series, -{len(SUFFIX)}) AS prefix,
                       mark || series || '-' || year || '-'
                           || lpad(place::text, greatest(6, length(place::text)), '0') AS number
                FROM billing_numberseries, generate_series(1, last) AS place, {HERE}
                WHERE series LIKE '%{SUFFIX}'
            ) every WHERE number NOT IN (SELECT name FROM ({LEFT}) moved)
        ) given_out FULL JOIN (
            SELECT extract(year FROM note.issued_on)::int AS year, note.number,
                   count(*) AS count, min(note.account_id) AS account_id,
                   min(issuer.prefix)::text AS prefix
            FROM billing_creditnote note JOIN {HERE} ON starts_with(note.number, mark)
            JOIN billing_invoice invoice ON invoice.id = note.invoice_id
            LEFT JOIN billing_issuerversion version ON version.id = invoice.issuer_id
            LEFT JOIN billing_issuer issuer ON issuer.id = version.issuer_id
            GROUP BY 1, 2
        ) note ON note.year = given_out.year AND note.number = given_out.number
        """,
    ),
)
