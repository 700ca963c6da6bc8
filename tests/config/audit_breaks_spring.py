"""One break for every check of what audited_spring.py lives through, as in audit_breaks.py."""

from tests.config.breaking import DECLARED, JUTE, LINEN, WOOL, Break, drop

CHARGE = "UPDATE billing_charge SET {} WHERE reference = '{}'"
ACCOUNT = f"UPDATE billing_billingaccount SET {{}} WHERE merchant_id = {LINEN}"
INVOICE = "UPDATE billing_invoice SET {} WHERE number = '{}'"
PAYMENT = "UPDATE billing_payment SET {} WHERE idempotency_key = '{}'"
CREDIT = (
    f"UPDATE billing_billingcredit SET {{}} WHERE request_key = 'form-1' AND account_id = {LINEN}"
)
CHANGE = "UPDATE billing_accountchange SET {} WHERE what = '{}'"
FREEZE = f"credit_freeze {{}} WHERE reason = 'UNPAID_BILL' AND line_id = {WOOL}"

CHARGES = [
    Break(
        "references of Tael's own are those of charges that only Tael makes",
        CHARGE.format("reference = 'tael:L-2'", "L-2"),
        "linen: charge tael:L-2: expected the platform's; found Tael's",
    ),
    Break(
        "references of Tael's own are those of charges that only Tael makes",
        CHARGE.format("reference = 'payout'", "tael:payout:1"),
        "jute: charge payout: expected Tael's; found the platform's",
    ),
    Break(
        "a fulfilment request is there since its first charge",
        f"DELETE FROM billing_fulfilmentrequest WHERE account_id = {LINEN}",
        "linen: request FR-1: expected 2027-03-03 13:00:00+00:00; found nothing",
    ),
    Break(
        "a fulfilment request is there since its first charge",
        f"UPDATE billing_charge SET request = '' WHERE account_id = {WOOL}",
        "wool: request FR-1: expected nothing; found 2027-03-04 10:00:00+00:00",
    ),
    Break(
        "a priced charge is its quantity times its price, rounded once",
        CHARGE.format("unit_price = 1.004999", "L-1"),
        "linen: charge L-1: expected 3.01; found 3.0200",
    ),
    Break(
        "credits are negative, and nothing else is",
        CHARGE.format("amount = -50", "L-2"),
        "linen: charge L-2: expected not negative; found negative",
    ),
    Break(
        "credits are negative, and nothing else is",
        f"UPDATE billing_charge SET amount = 10 WHERE fee_id = 'credit-storage'"
        f" AND account_id = {JUTE}",
        "expected negative; found not negative",
    ),
    Break(
        "an approved credit is a negative charge, and every such charge is one",
        CREDIT.format("amount = 19"),
        ", credit-pick-pack, -19.0000, tael:credit:",
    ),
    Break(
        "an approved credit is a negative charge, and every such charge is one",
        CREDIT.format("status = 'REQUESTED', made_id = NULL"),
        "linen: charge tael:credit:",
    ),
    Break(
        "credits on a charge do not exceed it",
        CREDIT.format("amount = 51"),
        ", 50.0000; found",
    ),
    Break(
        "what was outstanding and paid out to a closed account is a charge of it",
        CHANGE.format("before = '-11.00'", "PAID_OUT"),
        "jute: tael:payout:1: expected bank-2, 11.00; found bank-2, 10.0000",
    ),
]

TERMS = [
    Break(
        "a line counts its open day in the time zone of its history",
        f"UPDATE credit_creditline SET timezone = 'UTC' WHERE merchant_id = {LINEN}",
        "linen: credit line: expected Asia/Tokyo, 2027-04-01, 2027-04-01 03:00:00+00; found UTC,",
    ),
    Break(
        "an account counts its open day in the time zone of its history",
        f"UPDATE merchants_merchant SET timezone = 'UTC' WHERE id = {LINEN}",
        "linen: billing account: expected Asia/Tokyo, Asia/Tokyo, 2027-04-01",
    ),
    Break(
        "an account counts its open day in the time zone of its history",
        ACCOUNT.format("timezone_since_on = NULL"),
        "found Asia/Tokyo, Asia/Tokyo, nothing, 2027-04-01",
    ),
    # It keeps nobody else from being looked at.
    Break(
        "a merchant's time zone is a name of the time-zone data",
        f"UPDATE merchants_merchant SET timezone = 'localtime' WHERE id = {LINEN};"
        f" UPDATE merchants_timezoneperiod SET timezone = 'localtime' WHERE merchant_id = {LINEN};"
        f" UPDATE billing_billingaccount SET timezone = 'localtime' WHERE merchant_id = {LINEN}",
        "linen: time zone: expected nothing; found localtime",
    ),
    Break(
        "a merchant's time zone is a name of the time-zone data",
        f"UPDATE merchants_merchant SET timezone = 'CET' WHERE id = {LINEN}",
        "linen: time zone: expected nothing; found CET",
    ),
    Break(
        "a time zone changes as a local month starts",
        f"UPDATE merchants_timezoneperiod SET starts_at = '2027-04-01 02:00Z'"
        f" WHERE merchant_id = {LINEN} AND timezone = 'Asia/Tokyo'",
        "linen: Asia/Tokyo from 2027-04-01: expected 2027-03-31, 2027-04-01;"
        " found 2027-03-31, nothing",
    ),
    # Its days until April were those of Sao Paulo.
    Break(
        "a charge is dated by its service, and late when that month had ended",
        f"UPDATE merchants_timezoneperiod SET timezone = 'Pacific/Kiritimati'"
        f" WHERE merchant_id = {LINEN} AND timezone = 'America/Sao_Paulo'",
        "linen: charge L-1: expected 2027-03-04, in time; found 2027-03-03, in time",
    ),
    Break(
        "an account's plan is the term in force",
        ACCOUNT.format("plan_price = 40"),
        "linen: billing account: expected annual, 300.0000, 365; found annual, 40.0000, 365",
    ),
    Break(
        "a plan term starts on a plan date of the term before",
        "UPDATE billing_planterm SET starts_on = '2027-04-01' WHERE plan = 'annual'",
        "linen: annual from 2027-04-01: expected nothing; found 2027-04-01",
    ),
    Break(
        "a plan fee is charged once on each plan date",
        "DELETE FROM billing_planterm WHERE plan = 'annual'",
        "linen: plan fee of 2027-03-31: expected 1, 200.0000; found 1, 300.0000",
    ),
    Break(
        "scheduled bills are of plan dates, or else of the cycle",
        "DELETE FROM billing_planterm WHERE plan IN ('half-year', 'annual')",
        "linen: bill 2027-000005 of 2027-04-30: expected SUBSCRIPTION; found CYCLE",
    ),
    Break(
        "an account's threshold, review of bills and closing are those last written down",
        ACCOUNT.format("threshold = 501"),
        "linen: billing account: expected 500.00, f, nothing, nothing; found 501.0000, f,",
    ),
    Break(
        "a threshold that was asked for and given is written down",
        CHANGE.format("after = '400'", "THRESHOLD"),
        ": expected 500.0000; found nothing",
    ),
]

INVOICES = [
    Break(
        "a final bill left nothing behind",
        f"UPDATE billing_invoiceitem SET invoice_id = NULL WHERE fee_id = 'shipping-label'"
        f" AND account_id = {JUTE}",
        "jute: bill 2027-000010: expected 0; found 1",
    ),
    Break(
        "what has not posted is of the open day or month",
        f"UPDATE billing_invoiceitem SET invoice_id = NULL, posted_at = NULL"
        f" WHERE fee_id = 'storage' AND account_id = {JUTE}",
        "jute: item storage 2027-03-10: expected nothing; found 2027-03-10",
    ),
    Break(
        DECLARED,
        drop("billing_invoice", "invoice_has_a_number_from_its_issue_on")
        + INVOICE.format("number = NULL", "2027-000008"),
        ": billing_invoice: invoice_has_a_number_from_its_issue_on: row ",
    ),
    Break(
        "a bill's state is what operators decided",
        "DELETE FROM billing_invoicedecision WHERE decision = 'VOIDED'",
        "wool: bill 2027-000006: expected VOIDED; found ",
    ),
    Break(
        "a bill's state is what operators decided",
        "DELETE FROM billing_invoicedecision WHERE decision = 'UNCOLLECTIBLE'",
        "wool: bill 2027-000007: expected ISSUED UNCOLLECTIBLE; found ISSUED",
    ),
    Break(
        "the lines of a bill that is not void are its items",
        f"UPDATE billing_invoiceitem SET invoice_id = NULL WHERE posting_on = '2027-04-21'"
        f" AND account_id = {WOOL}",
        "wool: line of draft ",
    ),
]

PAYMENTS = [
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

WAIVERS = [
    Break(
        "what was waived is a rest of a closed account, less than a provider takes",
        CHARGE.format("fee_id = 'credit-waived'", "tael:payout:1"),
        "jute: charge tael:payout:1: expected tael:waiver:1, t, t; found tael:payout:1, t, t",
    ),
]

# A plan of a paid bill, without any part.
PLAN = (
    "INSERT INTO billing_paymentplan (invoice_id, status, currency, paid_before, next_due_on,"
    " actor, reason, told, made_on, at, ended_by) SELECT id, 'IN_FORCE', 'USD', 0, '2027-03-13',"
    " 'olga', 'agreed', 'agreed', '2027-03-11', issued_at - interval '1 day', ''"
    " FROM billing_invoice WHERE {}"
)
OF_LINEN = PLAN.format("number = '2027-000003'")
BY_HAND = [
    Break(
        "what operators waived of a bill is a credit, and pays the bill by as much",
        CHARGE.format("fee_id = 'credit-bill-waived'", "tael:payout:1"),
        "jute: charge tael:payout:1: expected nothing",
    ),
    Break(
        "nothing tries a bill by itself while its collecting is paused",
        "INSERT INTO billing_collectionpause (invoice_id, began_on, until_on, until_at, actor,"
        " reason, told, at, ended_by) SELECT id, issued_on, '2028-01-01', '2028-01-01', 'olga',"
        " 'agreed', 'agreed', issued_at - interval '1 day', '' FROM billing_invoice"
        " WHERE number = '2027-000003'",
        "linen: bill 2027-000003 paused on 2027-03-12: expected 0; found",
    ),
    Break(
        "a bill is held until its last pause or payment plan has ended",
        INVOICE.format("held_until = '2027-04-01'", "2027-000003"),
        "linen: bill 2027-000003: expected nothing; found 2027-04-01",
    ),
    Break(
        "the parts of a payment plan were what was left of its bill, on days after it was made",
        OF_LINEN,
        ", t, t; found 0, f, f",
    ),
    Break(
        "a payment plan is in force until its bill is paid, or a part was not",
        OF_LINEN,
        "linen: plan of bill 2027-000003: expected KEPT, nothing; found IN_FORCE, 2027-03-13",
    ),
    Break(
        "a part of a payment plan that nothing collects is paid on its day, or the plan has ended",
        PLAN.format(f"account_id = {WOOL} ORDER BY id LIMIT 1"),
        "expected True; found False",
    ),
    Break(
        "what a payment plan has asked for were its parts that were due and not paid",
        OF_LINEN,
        "linen: bill 2027-000003 attempt 1: expected 0.0000; found 633.0200",
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
        ": expected not asked; found asked",
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
        ": expected t, t; found f, t",
    ),
    Break(
        "a freeze for an unpaid bill is one's, and ends when all are paid",
        f"UPDATE billing_invoice SET status = 'VOID' WHERE account_id = {WOOL}",
        ": expected t, t; found t, f",
    ),
]

SPRING_BREAKS = CHARGES + TERMS + INVOICES + PAYMENTS + WAIVERS + BY_HAND + REVERSALS + FAILURES
