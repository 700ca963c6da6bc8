"""What the audit trail tells of: every change of money, limits, policies, prices, roles, keys and
destinations that a person makes. Operations write it with `trail.operations`.

Only operators read it, and so it is in English.
"""

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
    ORDERS_PAUSED = "ORDERS_PAUSED", "New orders paused"
    ORDERS_RESUMED = "ORDERS_RESUMED", "New orders taken again"
    ORDER_CAP_CHANGED = "ORDER_CAP_CHANGED", "Cap of an order changed"
    BUYER_CAP_CHANGED = "BUYER_CAP_CHANGED", "Cap of a buyer changed"
    POLICY_INTRODUCED = "POLICY_INTRODUCED", "Credit policy introduced"

    # Cash that no order took
    UNMATCHED_APPLIED = "UNMATCHED_APPLIED", "Unmatched cash applied to an order"
    UNMATCHED_RELEASED = "UNMATCHED_RELEASED", "Unmatched cash released to proceeds"
    UNMATCHED_RETURNED = "UNMATCHED_RETURNED", "Unmatched cash returned to the buyer"
    REFUSED_CASH_CLOSED = "REFUSED_CASH_CLOSED", "Refused payment or refund closed"

    # Withdrawals, and where they go
    WITHDRAWAL_REQUESTED = "WITHDRAWAL_REQUESTED", "Withdrawal requested"
    WITHDRAWAL_APPROVED = "WITHDRAWAL_APPROVED", "Withdrawal approved"
    WITHDRAWAL_REJECTED = "WITHDRAWAL_REJECTED", "Withdrawal rejected"
    WITHDRAWAL_CANCELLED = "WITHDRAWAL_CANCELLED", "Withdrawal cancelled"
    WITHDRAWAL_SENT = "WITHDRAWAL_SENT", "Withdrawal sent to the bank"
    BANK_ANSWERS_UPLOADED = "BANK_ANSWERS_UPLOADED", "Bank's answers uploaded"
    WITHDRAWAL_PAID = "WITHDRAWAL_PAID", "Withdrawal marked as paid"
    WITHDRAWAL_FAILED = "WITHDRAWAL_FAILED", "Withdrawal marked as failed"
    BANK_FILE_DOWNLOADED = "BANK_FILE_DOWNLOADED", "File for the bank downloaded"
    DESTINATION_ADDED = "DESTINATION_ADDED", "Destination added"
    DESTINATION_REMOVED = "DESTINATION_REMOVED", "Destination removed"
    AUTOMATIC_SET_UP = "AUTOMATIC_SET_UP", "Automatic withdrawals set up"
    AUTOMATIC_ENDED = "AUTOMATIC_ENDED", "Automatic withdrawals ended"
    KEY_ROTATED = "KEY_ROTATED", "Encrypted anew with another key"

    # Prices and credits
    PRICE_INTRODUCED = "PRICE_INTRODUCED", "Price introduced"
    CREDIT_REQUESTED = "CREDIT_REQUESTED", "Credit requested"
    CREDIT_GRANTED = "CREDIT_GRANTED", "Credit granted"
    CREDIT_APPROVED = "CREDIT_APPROVED", "Credit approved"
    CREDIT_REJECTED = "CREDIT_REJECTED", "Credit rejected"

    # A billing account's terms
    THRESHOLD_REQUESTED = "THRESHOLD_REQUESTED", "Threshold requested"
    THRESHOLD_GRANTED = "THRESHOLD_GRANTED", "Threshold granted"
    THRESHOLD_REFUSED = "THRESHOLD_REFUSED", "Threshold refused"
    THRESHOLD_CHANGED = "THRESHOLD_CHANGED", "Threshold changed"
    PLAN_CHANGED = "PLAN_CHANGED", "Plan changed"
    TIME_ZONE_CHANGED = "TIME_ZONE_CHANGED", "Time zone changed"
    BILL_REVIEW_CHANGED = "BILL_REVIEW_CHANGED", "Review of bills changed"
    METHOD_CHANGED = "METHOD_CHANGED", "Payment method changed"
    CARD_ADDED = "CARD_ADDED", "Card added"
    CARD_REMOVED = "CARD_REMOVED", "Card removed"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED", "Account closed"
    REST_BILLED = "REST_BILLED", "Rest billed"
    REST_PAID_OUT = "REST_PAID_OUT", "Rest paid out"

    # Bills and what is paid
    BILL_ISSUED = "BILL_ISSUED", "Draft issued"
    BILL_SENT_BACK = "BILL_SENT_BACK", "Draft sent back"
    BILL_VOIDED = "BILL_VOIDED", "Bill voided"
    BILL_UNCOLLECTIBLE = "BILL_UNCOLLECTIBLE", "Bill marked as uncollectible"
    TRANSFER_RECORDED = "TRANSFER_RECORDED", "Transfer recorded"
    PAYMENT_STARTED = "PAYMENT_STARTED", "Payment started"
    PAYMENT_LOOKED_UP = "PAYMENT_LOOKED_UP", "Payment looked up at its provider"
    PAYMENT_ENDED = "PAYMENT_ENDED", "Payment ended, its provider's answer being wrong"
    REVERSAL_CHARGED = "REVERSAL_CHARGED", "Payment taken back, charged again"
    REVERSAL_ACCEPTED = "REVERSAL_ACCEPTED", "Payment taken back, not charged again"
    UNAPPLIED_GIVEN_BACK = "UNAPPLIED_GIVEN_BACK", "Unapplied money given back"

    # People
    PROFILE_CHANGED = "PROFILE_CHANGED", "Profile changed"
    PROFILE_CONFIRMED = "PROFILE_CONFIRMED", "Profile confirmed"
    PROFILE_REJECTED = "PROFILE_REJECTED", "Profile rejected"
    LICENCE_DOWNLOADED = "LICENCE_DOWNLOADED", "Licence document downloaded"
    MEMBER_INVITED = "MEMBER_INVITED", "Member invited"
    INVITATION_REVOKED = "INVITATION_REVOKED", "Invitation revoked"
    ROLE_GIVEN = "ROLE_GIVEN", "Role given"
    ROLE_CHANGED = "ROLE_CHANGED", "Role changed"
    ROLE_TAKEN = "ROLE_TAKEN", "Role taken away"
    OPERATOR_ADDED = "OPERATOR_ADDED", "Operator added"
    OPERATOR_WRITTEN_TO = "OPERATOR_WRITTEN_TO", "Operator written to again"
    OPERATOR_ROLES_CHANGED = "OPERATOR_ROLES_CHANGED", "Operator's roles changed"
    PERSON_DEACTIVATED = "PERSON_DEACTIVATED", "Person deactivated"
    PERSON_REACTIVATED = "PERSON_REACTIVATED", "Person reactivated"
    SECOND_FACTORS_TAKEN = "SECOND_FACTORS_TAKEN", "Second factors taken away"
    SESSIONS_ENDED = "SESSIONS_ENDED", "Sessions ended"
    FACTOR_REQUIRED = "FACTOR_REQUIRED", "Second factor of members decided"

    # What people change of their own sign-in, and what befalls it
    FACTOR_ADDED = "FACTOR_ADDED", "Second factor added"
    FACTOR_REMOVED = "FACTOR_REMOVED", "Second factor removed"
    CODES_MADE = "CODES_MADE", "Recovery codes made"
    CODES_SEEN = "CODES_SEEN", "Recovery codes looked at"
    CODE_USED = "CODE_USED", "Recovery code used"
    PASSWORD_CHANGED = "PASSWORD_CHANGED", "Password changed"
    ADDRESS_ASKED = "ADDRESS_ASKED", "New address asked for"
    ADDRESS_CHANGED = "ADDRESS_CHANGED", "Address changed"
    NEW_BROWSER = "NEW_BROWSER", "Sign-in from an unknown browser"
    LOCKED_OUT = "LOCKED_OUT", "Address locked"

    PROPOSED = "PROPOSED", "Proposed to a second person"
    PROPOSAL_CONFIRMED = "PROPOSAL_CONFIRMED", "Proposal confirmed"
    PROPOSAL_REFUSED = "PROPOSAL_REFUSED", "Proposal refused"
    PROPOSAL_WITHDRAWN = "PROPOSAL_WITHDRAWN", "Proposal withdrawn"

    # The installation
    PREFIX_SET = "PREFIX_SET", "Installation's prefix set"
    TIME_ZONE_DATA_TAKEN = "TIME_ZONE_DATA_TAKEN", "Another time-zone data taken"

    # Jobs
    JOB_RUN = "JOB_RUN", "Job run by hand"
    FAILURE_RETRIED = "FAILURE_RETRIED", "Failed row tried again"
