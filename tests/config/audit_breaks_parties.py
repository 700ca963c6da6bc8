"""One break for every check of who bills whom (audited_by_hand.py), in the manner of
audit_breaks.py.
"""

from tests.config.breaking import FLAX, Break

OF_FLAX = f"UPDATE billing_invoice SET {{}} WHERE number = 'TH-2027-000001' AND account_id = {FLAX}"

PARTY_BREAKS = [
    Break(
        "a bill copies its issuer as it was then, and is numbered in that issuer's series",
        OF_FLAX.format("issuer_name = 'Somebody'"),
        "flax: bill TH-2027-000001: expected",
    ),
    Break(
        "a bill copies its issuer as it was then, and is numbered in that issuer's series",
        OF_FLAX.format("issuer_id = (SELECT id FROM billing_issuerversion WHERE version = 1)"),
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
]
