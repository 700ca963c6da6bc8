"""Who issues bills and statements, as documents copy it (rule 15.28, rule 28.8)."""

from django.conf import settings

# Joins the version that an issuer had at an instant, both expressions of SQL; nothing for null.
# What was before the first is the first's, too. It is not asked for row by row: a cluster answers
# no such question beside rows that the statement is still making.
VERSION = """LEFT JOIN (
        SELECT *, CASE WHEN version = 1 THEN '-infinity' ELSE at END AS since,
               lead(at, 1, 'infinity') OVER (PARTITION BY issuer_id ORDER BY version) AS next_at
        FROM billing_issuerversion
    ) version ON version.issuer_id = {issuer}
             AND version.since <= {at} AND {at} < version.next_at"""


def now_in_force() -> dict[str, str]:
    """The name and address of the installation's own issuer, as `issuer_name` and `issuer_address`,
    the columns of the documents that copy them: the first line of TAEL_ISSUER, and its others. Both
    are empty if nobody has said.
    """
    return {
        "issuer_name": "".join(settings.TAEL_ISSUER[:1]),
        "issuer_address": "\n".join(settings.TAEL_ISSUER[1:]),
    }
