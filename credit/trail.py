"""The trail's actions about limits, freezes, UNMATCHED cash, withdrawals and destinations."""

from django.db.models import TextChoices


class Action(TextChoices):
    # Limits, and what they follow from
    LIMIT_CHANGED = "LIMIT_CHANGED", "Limit changed"
    RAISE_REQUESTED = "RAISE_REQUESTED", "Raise requested"
    RAISE_GRANTED = "RAISE_GRANTED", "Raise granted"
    RAISE_REFUSED = "RAISE_REFUSED", "Raise refused"
    QUESTION_ANSWERED = "QUESTION_ANSWERED", "Question answered"
    REVIEW_APPROVED = "REVIEW_APPROVED", "Review's raise approved"
    REVIEW_REJECTED = "REVIEW_REJECTED", "Review's raise rejected"
    REVIEW_OVERTAKEN = "REVIEW_OVERTAKEN", "Review marked as overtaken"
    FREEZE_PLACED = "FREEZE_PLACED", "Freeze placed"
    FREEZE_LIFTED = "FREEZE_LIFTED", "Freeze lifted"
    FLAG_DISMISSED = "FLAG_DISMISSED", "Flag dismissed"
    FLAG_CONFIRMED = "FLAG_CONFIRMED", "Flag confirmed"
    DAYS_CHANGED = "DAYS_CHANGED", "Payment and settlement days changed"
    ORDERS_PAUSED = "ORDERS_PAUSED", "New orders paused"
    ORDERS_RESUMED = "ORDERS_RESUMED", "New orders taken again"
    ORDER_CAP_CHANGED = "ORDER_CAP_CHANGED", "Cap of an order changed"
    BUYER_CAP_CHANGED = "BUYER_CAP_CHANGED", "Cap of a buyer changed"
    POLICY_INTRODUCED = "POLICY_INTRODUCED", "Credit policy introduced"
    POLICY_WITHDRAWN = "POLICY_WITHDRAWN", "Credit policy withdrawn"

    # Orders that our people changed, instead of the platform
    ORDER_CANCELLED = "ORDER_CANCELLED", "Order cancelled by hand"
    ORDER_REFUNDED = "ORDER_REFUNDED", "Order refunded by hand"
    ORDER_WRITTEN_OFF = "ORDER_WRITTEN_OFF", "Order written off by hand"

    # Cash that no order took
    UNMATCHED_APPLIED = "UNMATCHED_APPLIED", "Unmatched cash applied to an order"
    UNMATCHED_RELEASED = "UNMATCHED_RELEASED", "Unmatched cash released to proceeds"
    UNMATCHED_RETURNED = "UNMATCHED_RETURNED", "Unmatched cash returned to the buyer"
    REFUSED_CASH_CLOSED = "REFUSED_CASH_CLOSED", "Refused payment or refund closed"

    # Proceeds
    PROCEEDS_CORRECTED = "PROCEEDS_CORRECTED", "Proceeds corrected"
    CORRECTION_TAKEN_BACK = "CORRECTION_TAKEN_BACK", "Correction of proceeds taken back"

    # Withdrawals, and where they go
    WITHDRAWAL_REQUESTED = "WITHDRAWAL_REQUESTED", "Withdrawal requested"
    WITHDRAWAL_APPROVED = "WITHDRAWAL_APPROVED", "Withdrawal approved"
    WITHDRAWAL_REJECTED = "WITHDRAWAL_REJECTED", "Withdrawal rejected"
    WITHDRAWAL_CANCELLED = "WITHDRAWAL_CANCELLED", "Withdrawal cancelled"
    WITHDRAWAL_SENT = "WITHDRAWAL_SENT", "Withdrawal sent to the bank"
    BANK_ANSWERS_UPLOADED = "BANK_ANSWERS_UPLOADED", "Bank's answers uploaded"
    WITHDRAWAL_PAID = "WITHDRAWAL_PAID", "Withdrawal marked as paid"
    WITHDRAWAL_FAILED = "WITHDRAWAL_FAILED", "Withdrawal marked as failed"
    WITHDRAWAL_SENT_BACK = "WITHDRAWAL_SENT_BACK", "Paid withdrawal sent back by the bank"
    WITHDRAWAL_CORRECTED = "WITHDRAWAL_CORRECTED", "Failed withdrawal found to be paid"
    BANK_FILE_DOWNLOADED = "BANK_FILE_DOWNLOADED", "File for the bank downloaded"
    DESTINATION_ADDED = "DESTINATION_ADDED", "Destination added"
    DESTINATION_FILLED_IN = "DESTINATION_FILLED_IN", "Destination filled in"
    DESTINATION_REMOVED = "DESTINATION_REMOVED", "Destination removed"
    DESTINATION_BLOCKED = "DESTINATION_BLOCKED", "Destination blocked"
    AUTOMATIC_SET_UP = "AUTOMATIC_SET_UP", "Automatic withdrawals set up"
    AUTOMATIC_ENDED = "AUTOMATIC_ENDED", "Automatic withdrawals ended"
