"""What tax offices clear: which documents, what was sent, and what came back (rule 25.18)."""

from billing.models import Clearance, ClearingProvider
from billing.operations.clearances import JOB
from lib.audit import Check

# A bill, or the bill that a note takes back, with the issuer of both.
OF_DOCUMENT = """
LEFT JOIN billing_creditnote note ON note.id = clearance.note_id
JOIN billing_invoice invoice ON invoice.id = coalesce(clearance.invoice_id, note.invoice_id)
LEFT JOIN billing_issuerversion version ON version.id = invoice.issuer_id
"""
DOCUMENT = "coalesce('credit note ' || note.number, 'bill ' || invoice.number, 'draft')"
# Each document that its issuer may have to have cleared, with the instant from which on a later
# one that was taken up proves that this one was seen, too: its number was given out before.
TO_CLEAR = """
SELECT issuer.id AS issuer_id, 'bill ' || invoice.number AS subject, invoice.account_id,
       invoice.number, clearance.taken_up_at, issuer.clearing_from AS seen_from
FROM billing_issuer issuer
JOIN billing_issuerversion version ON version.issuer_id = issuer.id
JOIN billing_invoice invoice ON invoice.issuer_id = version.id AND invoice.number IS NOT NULL
     AND invoice.issued_at >= issuer.clearing_from
LEFT JOIN billing_clearance clearance ON clearance.invoice_id = invoice.id
WHERE issuer.clearing <> ''
UNION ALL
SELECT issuer.id, 'credit note ' || note.number, note.account_id, note.number,
       clearance.taken_up_at, of_bill.taken_up_at + interval '1 microsecond'
FROM billing_issuer issuer
JOIN billing_issuerversion version ON version.issuer_id = issuer.id
JOIN billing_invoice invoice ON invoice.issuer_id = version.id
JOIN billing_clearance of_bill ON of_bill.invoice_id = invoice.id
JOIN billing_creditnote note ON note.invoice_id = invoice.id
LEFT JOIN billing_clearance clearance ON clearance.note_id = note.id
WHERE issuer.clearing <> ''
"""
SERIES = "issuer_id, substring(number FROM '^(.*)-[0-9]+$')"
PLACE = "substring(number FROM '[0-9]+$')::bigint"

CHECKS = (
    # With the prefix that the installation had then in front of its key.
    Check(
        18,
        "what a tax office clears is a document of an issuer's, known by its number and attempt",
        "account, issued, key",
        f"""
        SELECT clearance.account_id AS merchant_id, {DOCUMENT} AS subject,
               (invoice.account_id, true,
                CASE WHEN clearance.key ~ ('^([A-Z][A-Z0-9]{{0,7}}-?)?' || known.number || '-'
                         || clearance.attempt || '$') THEN clearance.key::text
                     ELSE known.number || '-' || clearance.attempt END) AS expected,
               (clearance.account_id,
                version.id IS NOT NULL AND invoice.number IS NOT NULL
                AND coalesce(note.account_id = invoice.account_id, true),
                clearance.key::text) AS found
        FROM billing_clearance clearance {OF_DOCUMENT}
        CROSS JOIN LATERAL (SELECT coalesce(note.number, invoice.number) AS number) known
        """,
    ),
    Check(
        18,
        "each document of an issuer whose documents are cleared was taken up before later ones",
        "taken up",
        f"""
        SELECT document.account_id AS merchant_id, document.subject, true AS expected,
               document.taken_up_at IS NOT NULL AS found
        FROM (
            SELECT *, {PLACE} AS place,
                   max({PLACE}) FILTER (WHERE taken_up_at IS NOT NULL) OVER series AS last_place,
                   max(taken_up_at) OVER series AS last_at
            FROM ({TO_CLEAR}) to_clear WINDOW series AS (PARTITION BY {SERIES})
        ) document
        WHERE document.place <= document.last_place AND document.last_at >= document.seen_from
        """,
    ),
    Check(
        18,
        "a document was sent to its tax office in its turn, and what was sent is kept",
        "state",
        f"""
        SELECT clearance.account_id AS merchant_id, {DOCUMENT} AS subject, 'in turn' AS expected,
               CASE
                   WHEN clearance.sent_at IS NOT NULL
                       AND clearance.provider = '{ClearingProvider.MANUAL}'
                       THEN 'sent, and cleared by hand'
                   WHEN (clearance.sent_at IS NULL) <> (length(clearance.content) = 0)
                       THEN 'what was sent is not what is kept'
                   WHEN clearance.sent_at IS NULL AND clearance.asked > 0
                       THEN 'asked about and not sent'
                   WHEN clearance.sent_at IS NULL AND clearance.ended_by = '{JOB}'
                       AND clearance.status = '{Clearance.Status.CLEARED}'
                       THEN 'cleared and not sent'
                   WHEN clearance.sent_at IS NOT NULL AND note.id IS NOT NULL
                       AND of_bill.status IS DISTINCT FROM '{Clearance.Status.CLEARED}'
                       THEN 'sent before its bill was cleared'
                   ELSE 'in turn' END AS found
        FROM billing_clearance clearance {OF_DOCUMENT}
        LEFT JOIN billing_clearance of_bill ON of_bill.invoice_id = note.invoice_id
        """,
    ),
    Check(
        18,
        "what the sandbox of a tax office cleared is what was sent there",
        "number, digest",
        f"""
        SELECT clearance.account_id AS merchant_id, {DOCUMENT} AS subject,
               ('SANDBOX-' || upper(left(sandbox.digest, 12)), sandbox.digest::text) AS expected,
               (clearance.number::text, encode(sha256(clearance.content), 'hex')) AS found
        FROM billing_clearance clearance {OF_DOCUMENT}
        LEFT JOIN billing_sandboxclearing sandbox ON sandbox.key = clearance.key
        WHERE clearance.provider = '{ClearingProvider.SANDBOX}'
          AND clearance.status = '{Clearance.Status.CLEARED}' AND clearance.ended_by = '{JOB}'
        """,
    ),
)
