"""The kinds of decisions about billing that take two people above the operator policy's figures
(rule 22.7, rule 22.8).
"""

from merchants.proposals import Kind

CREDIT = Kind(
    code="CREDIT",
    title="Credit",
    permission="billing.change_billingaccount",
)
CHARGE = Kind(
    code="CHARGE",
    title="Charge by hand",
    permission="billing.change_billingaccount",
)
WAIVER = Kind(
    code="WAIVER",
    title="Part of a bill, waived",
    permission="billing.change_invoice",
)
CREDIT_REQUEST = Kind(
    code="CREDIT_REQUEST",
    title="Credit asked for",
    permission="billing.change_billingcredit",
)
REVERSAL = Kind(
    code="REVERSAL",
    title="Payment taken back, not charged again",
    permission="billing.change_reversal",
)
THRESHOLD = Kind(
    code="THRESHOLD",
    title="Threshold",
    permission="billing.change_billingaccount",
)
THRESHOLD_REQUEST = Kind(
    code="THRESHOLD_REQUEST",
    title="Threshold asked for",
    permission="billing.change_thresholdrequest",
)
PRICE = Kind(
    code="PRICE",
    title="Price",
    permission="billing.change_feeprice",
)
REST = Kind(
    code="REST",
    title="Rest of a closed account, paid out",
    permission="billing.change_billingaccount",
)
UNAPPLIED = Kind(
    code="UNAPPLIED",
    title="Unapplied money, given back",
    permission="billing.change_billingaccount",
)
TRANSFER = Kind(
    code="TRANSFER",
    title="Transfer, booked for another merchant",
    permission="billing.change_banktransfer",
)
REOPENING = Kind(
    code="REOPENING",
    title="Closed account, opened again",
    permission="billing.change_billingaccount",
)
# Of administrators, as issuers are theirs (rule 28.27).
ISSUER_BANKS = Kind(
    code="ISSUER_BANKS",
    title="Issuer's bank accounts",
    permission="billing.change_issuer",
)
KINDS = (
    CREDIT, CHARGE, WAIVER, CREDIT_REQUEST, REVERSAL, THRESHOLD, THRESHOLD_REQUEST, PRICE, REST,
    UNAPPLIED, TRANSFER, REOPENING,
)  # fmt: skip
