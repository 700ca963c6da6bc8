"""One break for every check of charges, terms and bills that audited_spring.py lives through, in
the manner of audit_breaks.py.
"""

from tests.config.breaking import DECLARED, JUTE, LINEN, WOOL, Break, drop

CHARGE = "UPDATE billing_charge SET {} WHERE reference = '{}'"
ACCOUNT = f"UPDATE billing_billingaccount SET {{}} WHERE merchant_id = {LINEN}"
INVOICE = "UPDATE billing_invoice SET {} WHERE number = '{}'"
CREDIT = (
    f"UPDATE billing_billingcredit SET {{}} WHERE request_key = 'form-1' AND account_id = {LINEN}"
)
CHANGE = "UPDATE billing_accountchange SET {} WHERE what = '{}'"

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
        "jute: charge tael:credit: … expected negative; found not negative",
    ),
    Break(
        "an approved credit is a negative charge, and every such charge is one",
        CREDIT.format("amount = 19"),
        "linen: credit … credit-pick-pack, -19.0000, tael:credit:",
    ),
    Break(
        "an approved credit is a negative charge, and every such charge is one",
        CREDIT.format("status = 'REQUESTED', made_id = NULL"),
        "linen: charge tael:credit:",
    ),
    Break(
        "credits on a charge do not exceed it",
        CREDIT.format("amount = 51"),
        "linen: charge L-2: … 50.0000; found",
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
        "linen: billing account … found Asia/Tokyo, Asia/Tokyo, nothing, 2027-04-01",
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
        "linen: threshold request … expected 500.0000; found nothing",
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
        "linen: plan of bill 2027-000003: … t, t; found 0, f, f",
    ),
    Break(
        "a payment plan is in force until its bill is paid, or a part was not",
        OF_LINEN,
        "linen: plan of bill 2027-000003: expected KEPT, nothing; found IN_FORCE, 2027-03-13",
    ),
    Break(
        "a part of a payment plan that nothing collects is paid on its day, or the plan has ended",
        PLAN.format(f"account_id = {WOOL} ORDER BY id LIMIT 1"),
        "wool: plan of bill 2027-000006 … expected True; found False",
    ),
    Break(
        "what a payment plan has asked for were its parts that were due and not paid",
        OF_LINEN,
        "linen: bill 2027-000003 attempt 1: expected 0.0000; found 633.0200",
    ),
]

INVOICE_BREAKS = CHARGES + TERMS + INVOICES + WAIVERS + BY_HAND
