"""What running a job leaves behind.

JobRun           one run of a job of the timetable: when, how many rows, how many failed.
JobFailure       a row that a job failed to do, parked until a later run or a person does it.
Heartbeat        when a process was last seen at work.
Lease            which process may ask a provider about something just now.
"""

from jobs.models.leases import Lease
from jobs.models.runs import Heartbeat, JobFailure, JobRun

__all__ = ["Heartbeat", "JobFailure", "JobRun", "Lease"]
