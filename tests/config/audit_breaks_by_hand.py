"""One break for every check of what operators do by hand and undo (audited_by_hand.py), in the
manner of audit_breaks.py.
"""

from tests.config.audit_breaks_instants import ACCOUNT_STEPS
from tests.config.breaking import FLAX, HEMP, Break, drop

TRANSFER = f"UPDATE billing_banktransfer SET {{}} WHERE account_id = {HEMP}"
CHARGE = "UPDATE billing_charge SET {} WHERE fee_id = '{}'"

CREDITS = [
    Break(
        "a credit that was undone is taken back by a charge, and every such charge takes one back",
        CHARGE.format("amount = 11", "credit-undone"),
        "hemp: credit ",
    ),
    Break(
        "a credit that was undone is taken back by a charge, and every such charge takes one back",
        drop(
            "billing_billingcredit",
            "billing_credit_is_taken_back_by_a_charge_exactly_when_undone",
        )
        + f"UPDATE billing_billingcredit SET status = 'APPROVED' WHERE account_id = {HEMP}",
        "hemp: charge tael:credit-undone:",
    ),
    Break(
        ACCOUNT_STEPS,
        "UPDATE billing_billingcredit SET undone_at = '2027-05-14 10:00Z'"
        f" WHERE account_id = {HEMP}",
        "hemp: credit ",
    ),
]

TRANSFERS = [
    Break(
        "a transfer is what it paid of a bill and what was unapplied, and no other money is",
        TRANSFER.format("amount = 51"),
        "hemp: transfer bank-5: expected",
    ),
    Break(
        "a transfer is what it paid of a bill and what was unapplied, and no other money is",
        "DELETE FROM billing_banktransfer WHERE reference = 'bank-1'",
        "wool: transfer bank-1: expected nothing; found",
    ),
    Break(
        "a transfer's money arrived between its merchant's joining and the day it was recorded",
        TRANSFER.format("arrived_on = '2027-05-14'"),
        "hemp: transfer bank-5: expected True; found False",
    ),
    Break(
        "a transfer's money arrived between its merchant's joining and the day it was recorded",
        TRANSFER.format("arrived_on = '2027-05-10'"),
        "hemp: transfer bank-5: expected True; found False",
    ),
    Break(
        "a transfer booked elsewhere was taken from unapplied money and charged, once",
        "UPDATE billing_unappliedentry SET amount = -10 WHERE kind = 'MOVED'",
        "hemp: transfer bank-5: expected",
    ),
    Break(
        "a transfer booked elsewhere was taken from unapplied money and charged, once",
        CHARGE.format("amount = 40", "transfer-moved"),
        "hemp: transfer bank-5: expected",
    ),
    Break(
        "a transfer booked elsewhere was taken from unapplied money and charged, once",
        drop("billing_banktransfer", "bank_transfer_is_asked_for_again_exactly_when_moved")
        + TRANSFER.format("status = 'RECORDED'"),
        "hemp: charge tael:transfer-moved:",
    ),
    Break(
        "a transfer booked elsewhere is as much there, as unapplied money of that reference",
        f"UPDATE billing_banktransfer SET amount = 49 WHERE account_id = {FLAX}",
        "hemp: transfer bank-5: expected bank-5, 50.0000, USD, t; found bank-5, 49.0000, USD, t",
    ),
    Break(
        "a transfer booked elsewhere was not taken back as well",
        TRANSFER.format(
            "payment_id = (SELECT payment_id FROM billing_reversal"
            " WHERE came_back_at IS NULL ORDER BY id LIMIT 1)"
        ),
        "hemp: transfer bank-5: expected 0; found ",
    ),
]

CORRECTIONS = [
    Break(
        "proceeds are corrected exactly as operators' corrections say",
        "UPDATE credit_proceedsentry SET amount = -8 WHERE kind = 'CORRECTION' AND amount < 0",
        "hemp: correction ",
    ),
    Break(
        "proceeds are corrected exactly as operators' corrections say",
        "DELETE FROM credit_proceedscorrection WHERE undoes_id IS NOT NULL",
        "hemp: entry of no correction: expected nothing; found",
    ),
    Break(
        "a counter-entry takes back exactly what was corrected",
        "UPDATE credit_proceedscorrection SET amount = 8 WHERE undoes_id IS NOT NULL",
        "hemp: correction ",
    ),
]

WRITE_OFFS = [
    # Its second part falls due 30 days after the first one.
    Break(
        "what a person wrote off was past its due date",
        "UPDATE credit_order SET first_due_on = '2027-05-22' WHERE reference = 'H-2'",
        "hemp: order H-2: expected True; found False",
    ),
]

DECIDED = "DELETE FROM merchants_operatordecision WHERE subject LIKE '{} %'"
DECISIONS = [
    Break(
        "credits, pay-outs, higher thresholds and prices are operators' decisions, once each",
        DECIDED.format("transfer"),
        "flax: transfer ",
    ),
    Break(
        "raises, pay-outs and corrections of proceeds are operators' decisions, once each",
        DECIDED.format("correction"),
        "hemp: correction ",
    ),
    Break(
        "raises, pay-outs and corrections of proceeds are operators' decisions, once each",
        DECIDED.format("write-off"),
        "hemp: write-off ",
    ),
]

BY_HAND_BREAKS = [*CREDITS, *TRANSFERS, *CORRECTIONS, *WRITE_OFFS, *DECISIONS]
