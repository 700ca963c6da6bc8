"""Replay           how far a file of events has been applied; written with what it applied.
ReplayRejection  an event of such a file that was refused, and why.
ApiKey           with which a system of the marketplace, or of a merchant, speaks to the API; only
                 its digest is kept.
ReceivedEvent    one event that came in by the API, and what became of it; kept for 30 days.
"""

from gateway.models.keys import ApiKey, Scope
from gateway.models.received import ReceivedEvent
from gateway.models.replay import Replay, ReplayRejection

# Django looks for models here; those of webhooks have a package of their own.
from gateway.webhooks.models import *  # noqa: F403

__all__ = ["ApiKey", "ReceivedEvent", "Replay", "ReplayRejection", "Scope"]
