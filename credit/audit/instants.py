"""The check that the instants of a credit line's rows never fall (rule 25.10). credit.audit.lines
lists it.
"""

from lib.audit import Check
from lib.audit_instants import Rows, Steps, come_in_order, never_fall, of_book

# The instants that senders name come in any order. So of payments, refunds and metrics it is
# `arrived_at` that is checked.
ROWS = (
    Rows("entry", "credit_limitentry written", "line_id", "at"),
    Rows("order", "credit_order written", "line_id", "placed_at"),
    Rows("proceeds", "credit_proceedsentry written", "line_id", "at"),
    Rows("metrics", "credit_shopmetrics written", "line_id", "arrived_at"),
    Rows("payment", "credit_orderpayment written", "line_id", "arrived_at"),
    Rows("refund", "credit_orderrefund written", "line_id", "arrived_at"),
    Rows("refused", "credit_refusedcash written", "line_id", "arrived_at"),
    Rows("correction", "credit_proceedscorrection written", "line_id", "at"),
    Rows("settlement", "credit_unmatchedsettlement written", "line_id", "at"),
    Rows("freeze", "credit_freeze written", "line_id", "placed_at"),
    Rows("review", "credit_limitreview written", "line_id", "at"),
    Rows("request", "credit_limitrequest written", "line_id", "asked_at"),
    Rows("flag", "credit_orderflag written", "line_id", "at"),
    Rows("destination", "credit_payoutdestination written", "line_id", "added_at"),
    Rows("withdrawal", "credit_withdrawal written", "line_id", "requested_at"),
)
STEPS = (
    Steps(
        "order",
        "credit_order written",
        "line_id",
        ("placed_at", "greatest(cancelled_at, written_off_at)"),
    ),
    Steps("order", "credit_order written", "line_id", ("placed_at", "shipped_told_at")),
    Steps("order", "credit_order written", "line_id", ("placed_at", "delivered_told_at")),
    Steps(
        "refused",
        "credit_refusedcash written",
        "line_id",
        ("arrived_at", "last_arrived_at", "ended_at"),
    ),
    # One that is late may be sent afterwards: it waited to be approved, or is sent again.
    Steps(
        "withdrawal", "credit_withdrawal written", "line_id", ("requested_at", "flagged_late_at")
    ),
    Steps("freeze", "credit_freeze written", "line_id", ("placed_at", "lifted_at")),
    Steps("review", "credit_limitreview written", "line_id", ("at", "decided_at")),
    Steps("request", "credit_limitrequest written", "line_id", ("asked_at", "answered_at")),
    Steps("flag", "credit_orderflag written", "line_id", ("at", "decided_at")),
    Steps("destination", "credit_payoutdestination written", "line_id", ("added_at", "removed_at")),
    Steps(
        "withdrawal",
        "credit_withdrawal written",
        "line_id",
        ("requested_at", "approved_at", "sent_at", "ended_at"),
    ),
)

INSTANTS = (
    Check(10, "instants of a line's rows never fall", "instant", never_fall(ROWS)),
    Check(10, "what happens to a line's rows comes in order", "instants", come_in_order(STEPS)),
    Check(
        10,
        "a line last wrote no earlier than its rows, and within its open day",
        "instant",
        of_book("credit_creditline", "credit line", ROWS),
    ),
)
