"""Cards that our people blocked (rule 16.20)."""

from lib.audit import Check

CHECKS = (
    Check(
        6,
        "nothing is collected from a card that is blocked",
        "in use, attempts",
        """
        SELECT card.account_id AS merchant_id, 'card ' || card.id AS subject,
               (0::bigint, 0::bigint) AS expected,
               ((SELECT count(*) FROM billing_billingaccount account
                 WHERE account.card_id = card.id),
                (SELECT count(*) FROM billing_payment payment
                 WHERE payment.card_id = card.id AND payment.started_at > card.blocked_at
                   AND payment.status <> 'SUCCEEDED')) AS found
        FROM billing_card card WHERE card.blocked_at IS NOT NULL
        """,
    ),
)
