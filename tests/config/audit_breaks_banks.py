"""One break for every check of bank statements. In the manner of audit_breaks.py."""

from tests.config.breaking import FLAX, HEMP, Break

OWN = "the money of a bank's line is its own, wherever it was booked since"
# hemp's transfer, whose money is flax's by now, for which a line of its own was taken.
MOVED = f"(SELECT id FROM billing_banktransfer WHERE account_id = {HEMP} AND status = 'MOVED')"

BANK_BREAKS = [
    Break(
        OWN,
        # The other line seems to be booked, and is not.
        "UPDATE billing_bankline SET amount = 50, status = 'BOOKED', bank_reference = 'bank-5',"
        f" account_id = {HEMP}, transfer_id = {MOVED}, booked_at = '2027-05-13 10:00Z'"
        " WHERE amount = 1",
        "hemp: bank line … expected 1, t, t; found 2, t, t",
    ),
    Break(
        OWN,
        f"UPDATE billing_bankline SET account_id = {HEMP}, transfer_id = {MOVED} WHERE amount = 50;"
        f" UPDATE billing_banktransfer SET moved_at = '2027-05-14 11:59Z' WHERE id = {MOVED}",
        "hemp: bank line … expected 1, t, t; found 1, t, f",
    ),
    Break(
        OWN,
        "UPDATE billing_bankline SET bank_reference = 'bank-6' WHERE amount = 50",
        "flax: bank line … expected 1, t, t; found 1, f, t",
    ),
    Break(
        OWN,
        "UPDATE billing_bankline SET bank_reference = '' WHERE amount = 50",
        "flax: bank line … expected 1, t, t; found 1, f, t",
    ),
    Break(
        OWN,
        "UPDATE billing_banktransfer SET recorded_at = '2027-05-14 12:01Z'"
        f" WHERE account_id = {FLAX} AND reference = 'bank-5'",
        "flax: bank line … expected 1, t, t; found 1, t, f",
    ),
    Break(
        "a bank's line that its merchant left in a former cell is booked in the new one, once",
        "UPDATE billing_bankline SET transfer_id = -1 WHERE amount = 50",
        "flax: bank line … expected 50.00 USD of flax; found nothing",
    ),
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
