"""Closing monthly statements (rule 13.5)."""

from collections.abc import Sequence

from billing import issuer
from billing.issuer import VERSION
from billing.notices.invoices import STATEMENT_CLOSED
from lib import prepared
from lib.parts import InSteps
from notices.operations import notices

# Count and sum of each fee are kept with every charge; from here on the database refuses to change
# them, or to add a charge. Who issued the statement to whom, and in which language, is copied.
CLOSE = InSteps(f"""
WITH closed AS (
    UPDATE billing_statement statement
    SET closed_at = account.open_until, issuer_name = coalesce(version.name, %(issuer_name)s),
        issuer_address = coalesce(version.address, %(issuer_address)s),
        merchant_name = merchant.name, merchant_reference = merchant.reference,
        language = merchant.language
    FROM billing_billingaccount account
    JOIN merchants_merchant merchant ON merchant.id = account.merchant_id
    {VERSION.format(issuer="account.issuer_id", at="account.open_until")}
    WHERE account.merchant_id = ANY(%(accounts)s::bigint[])
      AND statement.account_id = account.merchant_id
      AND statement.closed_at IS NULL AND statement.month <= account.open_on
    RETURNING statement.account_id, statement.month, statement.closed_at
)
{notices.INTO}
SELECT account_id, '{STATEMENT_CLOSED}', to_char(month, 'YYYY-MM'),
       jsonb_build_object('month', to_char(month, 'YYYY-MM')), closed_at
FROM closed ORDER BY account_id
{notices.ONCE}
""")


def close(account_ids: Sequence[int]) -> None:
    """Close the open statements of these locked accounts, up to the month of their open day, with
    copies of the names of merchant and issuer, and notify the merchants. The caller names accounts
    whose open day is the last of its month.

    Rule 13.5.
    """
    if not account_ids:
        return
    prepared.run(CLOSE, {"accounts": list(account_ids), **issuer.now_in_force()})
