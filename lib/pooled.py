"""Whether a pooler lends us its connections for one transaction at a time.

What is set for a session would then be met by whoever gets the connection next, and what is
prepared there may be gone at the next transaction.
"""

from django.db import DEFAULT_DB_ALIAS, connections


def by_transaction() -> bool:
    """Whether a pooler lends us connections by the transaction, by the setting with which Django
    makes no cursors that outlast a transaction.
    """
    return bool(connections[DEFAULT_DB_ALIAS].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"))
