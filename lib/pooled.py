"""Whether a pooler lends us its connections for one transaction at a time.

What is set for a session would then be met by whoever gets the connection next, and what is
prepared there may be gone at the next transaction.
"""

from django.db import DEFAULT_DB_ALIAS, connections

LENT = "TAEL_LENT_BY_TRANSACTION"  # in settings of a database with cells, which has no such cursors


def by_transaction() -> bool:
    """Whether a pooler lends us connections by the transaction: where the database's settings say
    so, or else where they disable server-side cursors, as Django needs behind such a pooler.
    """
    given = connections[DEFAULT_DB_ALIAS].settings_dict
    return bool(given.get(LENT, given.get("DISABLE_SERVER_SIDE_CURSORS")))
