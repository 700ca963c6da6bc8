"""One break for every check of who bills whom (audited_by_hand.py), in the manner of
audit_breaks.py.
"""

from tests.config.breaking import FLAX, Break

OF_FLAX = f"UPDATE billing_invoice SET {{}} WHERE number = 'TH-2027-000001' AND account_id = {FLAX}"

CLEARANCE = "UPDATE billing_clearance SET {}"
PARTY_BREAKS = [
    Break(
        "a bill copies its issuer as it was then, and is numbered in that issuer's series",
        OF_FLAX.format("issuer_name = 'Somebody'"),
        "flax: bill TH-2027-000001: expected",
    ),
    Break(
        "a bill copies its issuer as it was then, and is numbered in that issuer's series",
        OF_FLAX.format("issuer_id = (SELECT min(id) FROM billing_issuerversion WHERE version = 1)"),
        "flax: bill TH-2027-000001: expected",
    ),
    Break(
        "an account's issuer is the one that was chosen last",
        f"UPDATE billing_billingaccount SET issuer_id = NULL WHERE merchant_id = {FLAX}",
        "flax: billing account: expected TH; found TAEL_ISSUER",
    ),
    Break(
        "bills are made out to whom was confirmed last",
        OF_FLAX.format("details_id = NULL"),
        "flax: bill TH-2027-000001: expected 1; found nothing",
    ),
    Break(
        "a line of a bill has the rate of its days of service",
        "UPDATE billing_invoiceline SET tax_category = 'AE', tax_percent = 0"
        " WHERE tax_category = 'S'",
        "flax: line of bill TH-2027-000001 pick-pack 2027-05-14: expected S, 7.000; found AE, 0",
    ),
    Break(
        "the bases of a bill's taxes are its lines, and its tax is their sum",
        "UPDATE billing_invoicetax SET base = 249 WHERE tax = 17.5",
        "flax: bill TH-2027-000001: expected",
    ),
    Break(
        "a tax is that of its base, rounded once, and of credits what was not credited before",
        "UPDATE billing_invoicetax SET tax = 17.49 WHERE tax = 17.5",
        "flax: bill TH-2027-000001 S 7.000: expected 17.50; found 17.4900",
    ),
    Break(
        "what credits a closed account's tax is the tax of what it had in its merchant's favour",
        "UPDATE billing_charge SET fee_id = 'credit-tax' WHERE reference = 'X-1' AND account_id ="
        f" {FLAX}",
        "flax: charge X-1: expected nothing, nothing; found nothing, 250.0000",
    ),
    Break(
        "a credit note mirrors an issuer's bill that was voided, and each of those has one",
        "INSERT INTO billing_creditnote (account_id, invoice_id, number, issued_on, issued_at,"
        " currency, total, tax) SELECT account_id, id, 'TH-CN-2027-000001', issued_on, issued_at,"
        " currency, -total, -tax FROM billing_invoice WHERE number = 'TH-2027-000001'",
        "flax: credit note TH-CN-2027-000001: expected nothing; found",
    ),
    Break(
        "credit notes are numbered in their issuer's series, without a gap",
        "INSERT INTO billing_numberseries (series, year, last) VALUES ('TH-CN', 2027, 1)",
        "credit note TH-CN-2027-000001: expected TH, 1; found TH, 0",
    ),
    Break(
        "what a tax office clears is a document of an issuer's, known by its number and attempt",
        CLEARANCE.format("attempt = 2"),
        "flax: bill TH-2027-000001: expected",
    ),
    Break(
        "what a tax office clears is a document of an issuer's, known by its number and attempt",
        "UPDATE billing_clearance SET account_id ="
        " (SELECT id FROM merchants_merchant WHERE reference = 'hemp')",
        "hemp: bill TH-2027-000001: expected",
    ),
    # A bill that nobody took up, though its issuer's next one was.
    Break(
        "each document of an issuer whose documents are cleared was taken up before later ones",
        OF_FLAX.format("number = 'TH-2027-000003'")
        + "; UPDATE billing_invoice SET number = 'TH-2027-000002', issued_at = '2027-05-14 11:00Z',"
        " issuer_id = (SELECT max(issuer_id) FROM billing_invoice)"
        f" WHERE id = (SELECT min(id) FROM billing_invoice WHERE account_id = {FLAX})",
        "flax: bill TH-2027-000002: expected True; found False",
    ),
    Break(
        "a document was sent to its tax office in its turn, and what was sent is kept",
        CLEARANCE.format("content = ''"),
        "flax: bill TH-2027-000001: expected in turn; found what was sent is not what is kept",
    ),
    Break(
        "what the sandbox of a tax office cleared is what was sent there",
        CLEARANCE.format("number = 'SANDBOX-1'"),
        "flax: bill TH-2027-000001: expected",
    ),
]
