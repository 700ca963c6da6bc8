"""The work of the jobs about people: each function processes one chunk of the keys that the job's
`due` found.
"""

from collections.abc import Sequence
from datetime import datetime

from jobs.chunks import Failures
from merchants.operations import security_mails


def send_security_mails(mail_ids: Sequence[int], now: datetime) -> Failures:
    """Send those of these e-mails about sign-ins and teams that were not sent yet. Returns the keys
    of those that failed, each with its error; after three failures in a row the rest count as
    failed, untried. One of TRANSIENT_ERRORS is raised at once. Each is locked while it is sent, so
    that two workers do not both send it.
    """
    return security_mails.send(mail_ids, now=now).failures
