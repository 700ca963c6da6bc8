"""One break for every check of bank statements. In the manner of audit_breaks.py."""

from tests.config.breaking import Break

BANK_BREAKS = [
    Break(
        "a line of a bank statement is booked as one transfer or reversal of its amount",
        "UPDATE billing_bankline SET amount = 49 WHERE amount = 50",
        "flax: bank line ",
    ),
    Break(
        "only lines of statements that were taken are booked, one for each transfer",
        "UPDATE billing_bankstatement SET status = 'WAITING', previous_id = NULL"
        " WHERE name = 'S-2'",
        "flax: bank line … expected TAKEN, 1; found WAITING, 1",
    ),
    Break(
        "a bank statement begins where the one before it ended, or an operator took it so",
        "UPDATE billing_bankstatement SET opening = 2 WHERE name = 'S-2'",
        "S-2: expected 1",
    ),
    Break(
        "the lines of a bank statement lead from its opening to its closing balance",
        "UPDATE billing_bankstatement SET line_count = 2 WHERE name = 'S-2'",
        "S-2: expected 50",
    ),
    Break(
        "a payment that a bank returned has a reversal, of the payment that its line was booked as",
        "ALTER TABLE billing_bankline DROP CONSTRAINT"
        " bank_line_is_booked_as_one_transfer_or_what_takes_one_back;"
        "UPDATE billing_bankline SET returns_id = id,"
        " reversal_id = (SELECT min(id) FROM billing_reversal) WHERE amount = 50",
        "flax: bank line ",
    ),
]
