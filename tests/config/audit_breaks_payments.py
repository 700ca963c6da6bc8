"""One break for every check of payments that audited_spring.py lives through: those that came, that
were taken back, that failed, and the freezes that follow. In the manner of audit_breaks.py.
"""

from tests.config.breaking import DECLARED, WOOL, Break, drop

CHARGE = "UPDATE billing_charge SET {} WHERE reference = '{}'"
INVOICE = "UPDATE billing_invoice SET {} WHERE number = '{}'"
PAYMENT = "UPDATE billing_payment SET {} WHERE idempotency_key = '{}'"
FREEZE = f"credit_freeze {{}} WHERE reason = 'UNPAID_BILL' AND line_id = {WOOL}"

PAYOUT = (
    "INSERT INTO billing_providerpayout (provider, reference, state, has_movements, currency,"
    " amount, gross, fee, net, count, made_at, arrives_on, recorded_at, looked_at)"
    " VALUES ('stripe', 'po_1', 'paid', true, 'USD', 10, 10, 0, 10, 1, now(), now(), now(), now());"
)
MOVEMENT = (
    "INSERT INTO billing_providermovement (payout_id, reference, kind, description, source,"
    " money_reference, key, asked, currency, gross, fee, net, made_at, recorded_at, payment_id,"
    " account_id, entered_at)"
    " SELECT (SELECT max(id) FROM billing_providerpayout), 'txn_1', '{}', '', '', '', '', '10 USD',"
    f" 'USD', 10, 0, 10, now(), now(), id, {WOOL}, {{}} FROM billing_payment"
    " WHERE idempotency_key = 'T-2027-000003-2'"
)

PAYMENTS = [
    Break(
        "a provider's payout has the sums of its rows",
        PAYOUT,
        "payout po_1: expected 0, 0, 0, 0; found 10.0000, 0.0000, 10.0000, 1",
    ),
    Break(
        "a payment is in one payout once, as its own merchant's",
        PAYOUT + MOVEMENT.format("PAYMENT", "NULL"),
        "linen: payment T-2027-000003-2: expected 1, {",
    ),
    Break(
        "the journal has of payouts what arrived of our own payments, and only that",
        PAYOUT + MOVEMENT.format("REFUND", "now()"),
        "wool: row txn_1: expected t, t, USD; found f, t, USD",
    ),
    Break(
        "the attempts on a bill are counted, and known by its number and theirs",
        PAYMENT.format("idempotency_key = 'x'", "T-2027-000003-2"),
        "linen: bill 2027-000003 attempt 2: expected 2, 2027-000003-2; found 2, x",
    ),
    Break(
        "the attempts on a bill are counted, and known by its number and theirs",
        PAYMENT.format("attempt = 4", "T-2027-000003-3"),
        "linen: bill 2027-000003 attempt 4: expected 3, 2027-000003-4; found 4, T-2027-000003-3",
    ),
    Break(
        "an attempt asks for all that was left of its bill, and no payment is more",
        PAYMENT.format("amount = 600", "T-2027-000003-2"),
        "linen: bill 2027-000003 attempt 2: expected 633.0200; found 600.0000",
    ),
    Break(
        "an attempt asks for all that was left of its bill, and no payment is more",
        PAYMENT.format("amount = 221", "T-2027-000007-1"),
        "wool: bill 2027-000007 attempt 1: expected 220.0000; found 221.0000",
    ),
    Break(
        "an attempt of which its provider told another amount is undecided, and paid nothing",
        PAYMENT.format("problem = 'pi_1 says that 1.00 USD arrived'", "T-2027-000007-1"),
        "wool: payment T-2027-000007-1: expected UNKNOWN; found SUCCEEDED",
    ),
    Break(
        "what proceeds paid of a bill left them, once",
        "DELETE FROM credit_proceedsentry WHERE bill_payment = 'T-2027-000010-1'",
        "jute: payment T-2027-000010-1: expected",
    ),
    Break(
        "what proceeds paid of a bill left them, once",
        PAYMENT.format("provider = 'manual'", "T-2027-000010-1"),
        "jute: payment T-2027-000010-1: expected nothing; found",
    ),
    Break(
        "an account's unapplied money is the sum of its entries",
        "UPDATE billing_billingaccount SET unapplied = 1, unapplied_since = now()"
        " WHERE unapplied = 0",
        "linen: billing account: expected 0.0000, t; found 1.0000, t",
    ),
    Break(
        "unapplied money waits since it came",
        drop("billing_billingaccount", "unapplied_money_is_there_since_an_instant")
        + "UPDATE billing_billingaccount SET unapplied_since = '2027-01-01T00:00Z'"
        " WHERE unapplied = 0",
        "linen: billing account: expected nothing; found 2027-01-01",
    ),
    Break(
        "each unapplied entry tells what the account then had",
        "UPDATE billing_unappliedentry SET balance = 1 WHERE kind = 'RECEIVED'",
        "linen: received attempt:T-2027-000003-1:late: expected 633.0200; found 1.0000",
    ),
    Break(
        DECLARED,
        drop("billing_unappliedentry", "unapplied_balance_not_negative")
        + "UPDATE billing_unappliedentry SET balance = -1 WHERE kind = 'RECEIVED'",
        "linen: billing_unappliedentry: unapplied_balance_not_negative: row ",
    ),
    Break(
        "unapplied money that was used is a payment of a bill, once",
        PAYMENT.format("provider = 'unapplied'", "T-2027-000010-1"),
        "jute: payment T-2027-000010-1: expected",
    ),
    Break(
        "unapplied money that was used is a payment of a bill, once",
        "UPDATE billing_unappliedentry SET amount = -1 WHERE kind = 'USED'",
        "linen: payment T-2027-",
    ),
    Break(
        "money that came for an attempt unexpectedly is as much, and another than it took",
        "UPDATE billing_unappliedentry SET amount = 1 WHERE kind = 'RECEIVED'",
        "linen: received attempt:T-2027-000003-1:late: expected",
    ),
    Break(
        "a payment by credit is a charge that uses as much of it, once",
        PAYMENT.format("provider = 'credit'", "T-2027-000010-1"),
        "jute: payment T-2027-000010-1: expected",
    ),
    Break(
        "a payment by credit is a charge that uses as much of it, once",
        CHARGE.format("fee_id = 'credit-used'", "tael:payout:1"),
        "jute: charge tael:payout:1: expected nothing; found",
    ),
]

REVERSAL = "UPDATE billing_reversal SET {} WHERE provider_reference = '{}'"
REVERSALS = [
    Break(
        "reversals of a payment's money are no more than it",
        REVERSAL.format("amount = 601", "re_1"),
        "linen: payment T-2027-000003-3 sandbox-T-2027-000003-3: expected",
    ),
    Break(
        "reversals of a payment's money are no more than it",
        REVERSAL.format("currency = 'THB'", "re_1"),
        "linen: payment T-2027-000003-3 sandbox-T-2027-000003-3: expected",
    ),
    Break(
        "what was taken back had come: it paid a bill, or was unapplied",
        REVERSAL.format("money_reference = 'other'", "re_2"),
        "linen: reversal re_2: expected True; found False",
    ),
    Break(
        "what was taken back had come: it paid a bill, or was unapplied",
        PAYMENT.format("status = 'FAILED'", "T-2027-000003-3"),
        "linen: reversal du_1: expected True; found False",
    ),
    Break(
        "a reversal is charged exactly when one charge is of it",
        drop("billing_reversal", "reversal_has_its_charge_exactly_when_charged")
        + REVERSAL.format("charge_id = NULL", "re_1"),
        "linen: reversal re_1: expected",
    ),
    Break(
        "a reversal is charged exactly when one charge is of it",
        drop("billing_reversal", "reversal_has_its_charge_exactly_when_charged")
        + REVERSAL.format("status = 'ACCEPTED'", "re_1"),
        "linen: charge tael:payment-reversal:",
    ),
    Break(
        "a reversal is charged exactly when one charge is of it",
        "UPDATE billing_charge SET amount = 33.03 WHERE fee_id = 'payment-reversal'",
        "linen: reversal re_1: expected",
    ),
    Break(
        "unapplied money was taken back exactly as reversals say",
        "DELETE FROM billing_unappliedentry WHERE kind = 'REVERSED'",
        "linen: reversal re_2: expected",
    ),
    Break(
        "unapplied money was taken back exactly as reversals say",
        REVERSAL.format("taken = 0", "re_2"),
        "linen: reversal:re_2: expected nothing; found",
    ),
    Break(
        "what came back of a reversal is unapplied, as far as its merchant had lost it",
        "UPDATE billing_unappliedentry SET amount = 6 WHERE source = 'returned:re_2'",
        "linen: reversal re_2: expected",
    ),
    Break(
        "what came back of a reversal is unapplied, as far as its merchant had lost it",
        REVERSAL.format("came_back_at = recorded_at", "re_1"),
        "linen: reversal re_1: expected",
    ),
    Break(
        "a card that was disputed is asked for nothing before its merchant chooses anew",
        "UPDATE billing_payment SET failure = 'card_declined' WHERE failure = 'card_disputed'",
        "linen: payment T-2027-000011-2: … expected not asked; found asked",
    ),
    Break(
        "a disputed card is one of a dispute that was written down then",
        REVERSAL.format("kind = 'REFUND'", "du_1"),
        "linen: billing account: expected True; found False",
    ),
]

FAILURES = [
    Break(
        "a bill has failed since the first attempt that did",
        INVOICE.format("first_failed_at = '2027-03-13 15:00Z'", "2027-000003"),
        "linen: bill 2027-000003 attempt 1: expected by then; found later",
    ),
    Break(
        "a bill's first failure is an attempt's, or the start of a day by which it was due",
        INVOICE.format("first_failed_on = '2027-04-09'", "2027-000008"),
        "wool: bill 2027-000008: expected 2027-04-08, yes; found 2027-04-09, yes",
    ),
    Break(
        "a bill's first failure is an attempt's, or the start of a day by which it was due",
        INVOICE.format("first_failed_at = '2027-03-12 15:00Z'", "2027-000003"),
        "linen: bill 2027-000003: expected 2027-03-12, yes; found 2027-03-12, no",
    ),
    Break(
        "a bill that nothing collects has failed once it is due",
        INVOICE.format("first_failed_at = NULL, first_failed_on = NULL", "2027-000008"),
        "wool: bill 2027-000008: expected True; found False",
    ),
    Break(
        "an open bill is tried by itself until it has failed, and no other is",
        INVOICE.format("next_attempt_at = '2027-05-01'", "2027-000008"),
        "wool: bill 2027-000008: expected not tried; found tried",
    ),
    Break(
        "a line expects the freezes for its unpaid bills",
        "UPDATE credit_creditline SET unpaid_bill_days = '{2027-05-07}'"
        f" WHERE merchant_id = {WOOL}",
        "wool: credit line: expected 2027-05-06; found 2027-05-07",
    ),
    Break(
        "a line is frozen for a bill too long unpaid, unless an operator lifted that",
        f"DELETE FROM {FREEZE.format('')}",
        "wool: bill 2027-000007: expected True; found False",
    ),
    Break(
        "a freeze for an unpaid bill is one's, and ends when all are paid",
        f"UPDATE {FREEZE.format('SET placed_at = placed_at - interval $$1 day$$')}",
        "wool: freeze … expected t, t; found f, t",
    ),
    Break(
        "a freeze for an unpaid bill is one's, and ends when all are paid",
        f"UPDATE billing_invoice SET status = 'VOID' WHERE account_id = {WOOL}",
        "wool: freeze … expected t, t; found t, f",
    ),
]

PAYMENT_BREAKS = PAYMENTS + REVERSALS + FAILURES
