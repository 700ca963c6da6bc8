"""What the platform's runs leave behind."""

from config.models.replays import Replay, ReplayRejection
from config.models.runs import Heartbeat, JobFailure, JobRun

__all__ = ["Heartbeat", "JobFailure", "JobRun", "Replay", "ReplayRejection"]
