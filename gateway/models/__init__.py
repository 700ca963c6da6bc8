"""Replay           how far a file of events has been applied; written with what it applied.
ReplayRejection  an event of such a file that was refused, and why.
ApiKey           with which a system of the marketplace, or of a merchant, speaks to the API; only
                 its digest is kept.
ReceivedEvent    one event that came in by the API, and what became of it; kept for 30 days.
Import           a file that an operator uploaded, and how far it has been applied.
ImportedRow      one row of it, and what became of it.
"""

# Django looks for models here; those of imports and webhooks have packages of their own.
from gateway.imports.models import Import, ImportedRow
from gateway.models.keys import ApiKey, Scope
from gateway.models.received import ReceivedEvent
from gateway.models.replay import Replay, ReplayRejection
from gateway.webhooks.models import *  # noqa: F403

__all__ = ["ApiKey", "Import", "ImportedRow", "ReceivedEvent", "Replay", "ReplayRejection", "Scope"]
