"""What the platform's runs leave behind."""

from gateway.models import Replay, ReplayRejection
from jobs.models.runs import Heartbeat, JobFailure, JobRun

__all__ = ["Heartbeat", "JobFailure", "JobRun", "Replay", "ReplayRejection"]
