"""The kinds of decisions about credit that take two people above a policy's figures (rule 8.18,
rule 22.8, rule 22.9).
"""

from merchants.proposals import Kind

LIMIT = Kind(
    code="LIMIT",
    title="Limit",
    permission="credit.change_creditline",
)
RAISE = Kind(
    code="RAISE",
    title="Raise asked for",
    permission="credit.change_limitrequest",
)
REVIEW = Kind(
    code="REVIEW",
    title="Raise after a review",
    permission="credit.change_limitreview",
)
CASH_RELEASED = Kind(
    code="CASH_RELEASED",
    title="Unmatched cash released to proceeds",
    permission="credit.change_orderpayment",
)
CASH_RETURNED = Kind(
    code="CASH_RETURNED",
    title="Unmatched cash returned to the buyer",
    permission="credit.change_orderpayment",
)
SENT_BACK = Kind(
    code="WITHDRAWAL_SENT_BACK",
    title="Paid withdrawal, sent back by the bank",
    permission="credit.change_withdrawal",
)
CORRECTION = Kind(
    code="PROCEEDS_CORRECTION",
    title="Correction of proceeds",
    permission="credit.change_creditline",
)
COUNTER_ENTRY = Kind(
    code="PROCEEDS_COUNTER_ENTRY",
    title="Correction of proceeds, taken back",
    permission="credit.change_proceedscorrection",
)
WRITE_OFF = Kind(
    code="WRITE_OFF",
    title="Order written off by hand",
    permission="credit.change_order",
)
CREDIT_POLICY = Kind(
    code="CREDIT_POLICY",
    title="Credit policy",
    permission="credit.change_creditpolicy",
)
OF_OFFICERS = (
    *(LIMIT, RAISE, REVIEW, CASH_RELEASED, CASH_RETURNED, SENT_BACK),
    *(CORRECTION, COUNTER_ENTRY, WRITE_OFF),
)
