"""Who issues bills and statements, as documents copy it (rule 15.28, rule 28.8)."""

from django.conf import settings

# Joins the version that an issuer had at an instant, both expressions of SQL; nothing for null.
VERSION = """LEFT JOIN LATERAL (
        SELECT * FROM billing_issuerversion version
        WHERE version.issuer_id = {issuer} AND (version.at <= {at} OR version.version = 1)
        ORDER BY version.version DESC LIMIT 1
    ) version ON true"""


def now_in_force() -> dict[str, str]:
    """The name and address of the installation's own issuer, as `issuer_name` and `issuer_address`,
    the columns of the documents that copy them: the first line of TAEL_ISSUER, and its others. Both
    are empty if nobody has said.
    """
    return {
        "issuer_name": "".join(settings.TAEL_ISSUER[:1]),
        "issuer_address": "\n".join(settings.TAEL_ISSUER[1:]),
    }
