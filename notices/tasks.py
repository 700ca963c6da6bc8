"""The work of the job that sends e-mails of notices, for one chunk of the keys that its `due`
found.
"""

from collections.abc import Sequence
from datetime import datetime

from jobs.chunks import Failures
from notices.operations import mails


def send_notice_mails(notice_ids: Sequence[int], now: datetime) -> Failures:
    """Send the e-mails of these notices that were not sent yet, and create those that are missing
    first. Returns the keys of the notices of which an e-mail failed, each with its error; after
    three failures in a row the rest count as failed, untried. One of TRANSIENT_ERRORS is raised at
    once. Each e-mail is locked while it is sent, so that two workers do not both send it.
    """
    return mails.send(notice_ids, now=now).failures
