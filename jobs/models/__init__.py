"""What running a job leaves behind.

JobRun           one run of a job of the timetable: when, how many rows, how many failed.
JobFailure       a row that a job could not deal with, parked until a later run can.
Heartbeat        when a process was last seen at work.
Lease            who asks a provider about something just now; gone when that is done.
"""

from jobs.models.leases import Lease
from jobs.models.runs import Heartbeat, JobFailure, JobRun

__all__ = ["Heartbeat", "JobFailure", "JobRun", "Lease"]
