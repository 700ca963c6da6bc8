"""The audit checks of decisions of which a policy says how far one person goes (rule 25.13)."""

from lib.audit import HERE, Check
from merchants.sorts import PAY_OUT, Sort

# Whether the decision named `decision` was taken for a `proposal` that its actor confirmed.
CONFIRMED = """
coalesce(proposal.status = 'CONFIRMED' AND proposal.decided_by = decision.actor
         AND proposal.merchant_id IS NOT DISTINCT FROM decision.merchant_id, false)
"""
JOIN_PROPOSAL = "LEFT JOIN merchants_proposal proposal ON proposal.id = decision.proposal_id"


def decided(made: str, subjects: str) -> str:
    """The SQL of a check that the recorded decisions of operators are what was `made`, once each.
    It selects merchant_id, subject, and what was made as `expected` beside the decision as `found`;
    one of these is NULL where there is only the other. `made` is SQL that gives merchant_id,
    subject and figure; compared with it are the decisions whose subject is one of the words in
    `subjects` (alternatives of a regular expression) and a number. Decisions are shared by all
    cells: those of merchants of other cells are not looked at.
    """
    return f"""
        SELECT coalesce(made.merchant_id, decision.merchant_id) AS merchant_id,
               coalesce(made.subject, decision.subject) AS subject,
               CASE WHEN made.subject IS NOT NULL
                    THEN (made.merchant_id, made.figure) END AS expected,
               CASE WHEN decision.subject IS NOT NULL
                    THEN (decision.merchant_id, decision.figure) END AS found
        FROM ({made}) made FULL JOIN (
            SELECT * FROM merchants_operatordecision WHERE subject ~ '^({subjects}) [0-9]+$'
        ) decision ON decision.subject = made.subject
        LEFT JOIN merchants_merchant whose
             ON whose.id = coalesce(made.merchant_id, decision.merchant_id)
        CROSS JOIN {HERE} WHERE coalesce(whose.cell = {HERE}.cell, true)
    """


def within_figures(sort: Sort, title: str) -> Check:
    """The check that decisions of this sort were within the figure of the operator policy of their
    day, or confirmed by a second person. `title` is what they are called at the start of its name.
    """
    measured = "figure"
    if sort.is_summed:
        measured = "sum(figure) OVER (PARTITION BY merchant_id, currency, day ORDER BY id)"
    return Check(
        13,
        f"{title} above the operator policy of their day were confirmed by another person",
        "by one within the figure, or by two",
        f"""
        SELECT decision.merchant_id, decision.subject, true AS expected,
               coalesce(decision.measured <= figure.up_to, false) OR {CONFIRMED} AS found
        FROM (
            SELECT *, {measured} AS measured
            FROM merchants_operatordecision WHERE what = '{sort.code}'
        ) decision
        LEFT JOIN LATERAL (
            SELECT id FROM merchants_operatorpolicy version
            WHERE version.currency = decision.currency AND version.starts_on <= decision.day
              AND version.withdrawn_at IS NULL
            ORDER BY starts_on DESC LIMIT 1
        ) policy ON true
        LEFT JOIN merchants_operatorfigure figure
             ON figure.policy_id = policy.id AND figure.sort = decision.what
        {JOIN_PROPOSAL}
        """,
    )


TWO_PEOPLE = (within_figures(PAY_OUT, "pay-outs"),)
