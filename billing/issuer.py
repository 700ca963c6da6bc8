"""Who issues bills and statements now, as documents copy it (rule 15.28)."""

from django.conf import settings


def now_in_force() -> dict[str, str]:
    """The issuer's name and address, by the columns of the documents that copy them: the first line
    of TAEL_ISSUER, and its others. Both are empty if nobody has said.
    """
    return {
        "issuer_name": "".join(settings.TAEL_ISSUER[:1]),
        "issuer_address": "\n".join(settings.TAEL_ISSUER[1:]),
    }
