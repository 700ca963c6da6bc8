"""The job that sends e-mails of notices."""

from datetime import timedelta

from jobs.definitions import Job
from notices import queries, tasks
from notices.models import Notice

NOTICE_MAILS = Job(
    "notice-mails",
    due=queries.notices_to_mail,
    work=tasks.send_notice_mails,
    every=timedelta(minutes=5),
    model=Notice,
    merchant="merchant",
    in_replay=False,
)
