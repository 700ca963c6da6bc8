"""One break for every check of the journal. In the manner of audit_breaks.py."""

from tests.config.breaking import DRESS, Break

JOURNAL_BREAKS = [
    Break(
        "each movement of the books is one balanced entry of the journal",
        "UPDATE billing_invoicetax SET tax = tax - 0.5 WHERE tax > 0",
        "flax: bill … expected 0, 0; found 0.5, 0",
    ),
    Break(
        "each movement of the books is one balanced entry of the journal",
        "UPDATE credit_orderpayment SET order_id = 0 WHERE reference = 'P-0'",
        "dress: unmatched ",
    ),
    Break(
        "the balances of the journal are the figures of the books",
        f"UPDATE credit_creditline SET proceeds = proceeds + 1 WHERE merchant_id = {DRESS}",
        "dress: proceeds: expected ",
    ),
    Break(
        "the balances of the journal are the figures of the books",
        "UPDATE billing_unappliedentry SET amount = amount - 1 WHERE kind = 'RECEIVED'"
        " AND source = 'transfer:bank-5'",
        "hemp: unapplied: expected ",
    ),
    Break(
        "a locked month's journal is as it was when it was locked",
        "INSERT INTO billing_journallock (through, locked_at, locked_by, reason, chart, postings,"
        " digest) VALUES ('2026-10-31', '2026-11-01T13:00Z', 'olga', 'as agreed', 0, 1, 7)",
        "month 2026-10: expected 1, 7; found 0, 0",
    ),
]
