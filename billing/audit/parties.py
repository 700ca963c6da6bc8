"""Who bills whom: issuers with their series, and whom bills are made out to (rule 28.1)."""

from billing.audit.invoices import DRAWN_UP_AT, INVOICE
from billing.issuer import VERSION
from lib.audit import Check

# Behind the number of the cell that gave it, if that was not the first.
ISSUERS_PREFIX = "'^(?:[1-9][0-9]{0,3}-)?([A-Z][A-Z0-9]*)-'"

CHECKS = (
    Check(
        6,
        "a bill copies its issuer as it was then, and is numbered in that issuer's series",
        "version, prefix, name, address",
        f"""
        SELECT invoice.account_id AS merchant_id, {INVOICE} AS subject,
               (version.id, coalesce(issuer.prefix, '')::text,
                coalesce(version.name, invoice.issuer_name)::text,
                coalesce(version.address, invoice.issuer_address)) AS expected,
               (invoice.issuer_id,
                CASE WHEN invoice.number IS NULL THEN coalesce(issuer.prefix, '')::text
                     ELSE coalesce(substring(invoice.number FROM {ISSUERS_PREFIX}), '') END,
                invoice.issuer_name, invoice.issuer_address) AS found
        FROM billing_invoice invoice
        LEFT JOIN billing_issuerversion copied ON copied.id = invoice.issuer_id
        LEFT JOIN billing_issuer issuer ON issuer.id = copied.issuer_id
        {VERSION.format(issuer="issuer.id", at=DRAWN_UP_AT)}
        """,
    ),
    Check(
        6,
        "an account's issuer is the one that was chosen last",
        "issuer",
        """
        SELECT account.merchant_id, 'billing account' AS subject,
               coalesce(chosen.after, 'TAEL_ISSUER') AS expected,
               coalesce(issuer.prefix, 'TAEL_ISSUER')::varchar AS found
        FROM billing_billingaccount account
        LEFT JOIN billing_issuer issuer ON issuer.id = account.issuer_id
        LEFT JOIN LATERAL (
            SELECT after FROM billing_accountchange change
            WHERE change.account_id = account.merchant_id AND change.what = 'ISSUER'
            ORDER BY change.id DESC LIMIT 1
        ) chosen ON true
        """,
    ),
    # Those of one instant may have come before it or after it.
    Check(
        6,
        "bills are made out to whom was confirmed last",
        "version",
        f"""
        SELECT billed.account_id AS merchant_id, billed.subject, confirmed.version AS expected,
               details.version AS found
        FROM (
            SELECT merchant_id AS account_id, 'billing account' AS subject, details_id,
                   'infinity'::timestamptz AS at
            FROM billing_billingaccount
            UNION ALL SELECT invoice.account_id, {INVOICE}, invoice.details_id, {DRAWN_UP_AT}
            FROM billing_invoice invoice
        ) billed
        LEFT JOIN billing_billingdetails details ON details.id = billed.details_id
        LEFT JOIN LATERAL (
            SELECT version FROM billing_billingdetails said
            WHERE said.account_id = billed.account_id AND said.status = 'CONFIRMED'
              AND (said.decided_at < billed.at
                   OR said.decided_at = billed.at AND said.id = billed.details_id)
            ORDER BY version DESC LIMIT 1
        ) confirmed ON true
        """,
    ),
)
