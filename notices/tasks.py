"""The work of the job that sends e-mails of notices, for one chunk of the keys that its `due`
found.
"""

from collections.abc import Sequence
from datetime import datetime

from jobs.chunks import Failures
from notices.operations import mails


def send_notice_mails(notice_ids: Sequence[int], now: datetime) -> Failures:
    """Send the e-mails of these notices; returns the keys of those that failed, each with its
    error. Those that are missing are created first. Each e-mail is locked while it is sent, and
    never sent twice.
    """
    return mails.send(notice_ids, now=now).failures
