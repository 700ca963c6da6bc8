"""The kinds of decisions about billing that take two people above the operator policy's figures
(rule 22.7, rule 22.8).
"""

from merchants.proposals import Kind

CREDIT = Kind(
    code="CREDIT",
    title="Credit",
    permission="billing.change_billingaccount",
    operation="billing.operations.credits.grant",
)
CREDIT_REQUEST = Kind(
    code="CREDIT_REQUEST",
    title="Credit asked for",
    permission="billing.change_billingcredit",
    operation="billing.operations.credits.approve",
)
REVERSAL = Kind(
    code="REVERSAL",
    title="Payment taken back, not charged again",
    permission="billing.change_reversal",
    operation="billing.operations.reversals.accept",
)
THRESHOLD = Kind(
    code="THRESHOLD",
    title="Threshold",
    permission="billing.change_billingaccount",
    operation="billing.operations.thresholds.change",
)
THRESHOLD_REQUEST = Kind(
    code="THRESHOLD_REQUEST",
    title="Threshold asked for",
    permission="billing.change_thresholdrequest",
    operation="billing.operations.thresholds.approve",
)
PRICE = Kind(
    code="PRICE",
    title="Price",
    permission="billing.change_feeprice",
    operation="billing.operations.prices.introduce",
)
REST = Kind(
    code="REST",
    title="Rest of a closed account, paid out",
    permission="billing.change_billingaccount",
    operation="billing.operations.terms.pay_out_rest",
)
UNAPPLIED = Kind(
    code="UNAPPLIED",
    title="Unapplied money, given back",
    permission="billing.change_billingaccount",
    operation="billing.operations.transfers.give_back",
)
KINDS = (
    CREDIT, CREDIT_REQUEST, REVERSAL, THRESHOLD, THRESHOLD_REQUEST, PRICE, REST, UNAPPLIED,
)  # fmt: skip
