"""The audit checks of decisions that took two people (rule 25.11)."""

from lib.audit import Check

PROPOSALS = (
    Check(
        11,
        "what takes two people was confirmed by another person, in time",
        "another person, in time",
        """
        SELECT merchant_id, 'proposal ' || id AS subject, (true, true) AS expected,
               (decided_by NOT IN ('', proposed_by, asked_by),
                decided_at < proposed_at + interval '7 days') AS found
        FROM merchants_proposal WHERE status = 'CONFIRMED'
        """,
    ),
)
