"""What must be true of imports: each row has its outcome, and what was taken in is in the books."""

from lib.audit import HERE, Check

# Which rows of the books there are, by kind; an order is there, too, when it was declined.
IN_THE_BOOKS = """
SELECT 'MERCHANTS' AS kind, id AS merchant_id, reference FROM merchants_merchant
UNION ALL
SELECT 'ORDERS', line_id, reference FROM credit_order
UNION ALL
SELECT 'CHARGES', account_id, reference FROM billing_charge
UNION ALL
SELECT 'PAYMENTS', line_id, reference FROM credit_orderpayment
"""

IMPORTS = (
    Check(
        16,
        "what an import has applied is in the books",
        "is there",
        f"""
        SELECT merchant.id AS merchant_id,
               'line ' || said.line || ' of ' || file.name AS subject,
               true AS expected,
               EXISTS (
                   SELECT FROM ({IN_THE_BOOKS}) there
                   WHERE there.kind = file.kind AND there.merchant_id = merchant.id
                     AND there.reference = said.reference
               ) AS found
        FROM gateway_importedrow said
        JOIN gateway_import file ON file.id = said.file_id
        LEFT JOIN merchants_merchant merchant ON merchant.reference = said.merchant
        CROSS JOIN {HERE}
        WHERE said.outcome IN ('applied', 'duplicate', 'declined')
          -- Imports are shared by all cells: each looks at its own merchants.
          AND coalesce(merchant.cell = {HERE}.cell, true)
        """,
    ),
    Check(
        16,
        "an import has all its rows, and is done when none of them waits",
        "rows, is done",
        """
        SELECT NULL::bigint AS merchant_id, 'import ' || file.name AS subject,
               (count(said.id), bool_and(said.outcome <> 'waiting')) AS expected,
               (file.row_count::bigint,
                -- It waits with its owners' invitations once its rows are taken in.
                CASE WHEN 'owner_email' = ANY (file.columns) AND file.status <> 'DONE'
                     THEN bool_and(said.outcome <> 'waiting')
                     ELSE file.status = 'DONE' END) AS found
        FROM gateway_import file LEFT JOIN gateway_importedrow said ON said.file_id = file.id
        GROUP BY file.id
        """,
    ),
)
