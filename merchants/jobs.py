"""The jobs about people: sending e-mails about sign-ins, deleting old records, and letting
proposals lapse.
"""

from datetime import timedelta

from jobs.definitions import Job
from merchants import queries, tasks
from merchants.models import Proposal, SecurityMail, SignIn
from merchants.operations import proposals
from merchants.sign_in import sessions

SECURITY_MAILS = Job(
    "security-mails",
    due=queries.security_mails_to_send,
    work=tasks.send_security_mails,
    every=timedelta(minutes=1),
    model=SecurityMail,
    merchant="merchant",
    in_replay=False,
)
OLD_SIGN_INS = Job(
    "old-sign-ins",
    due=queries.old_sign_ins,
    work=tasks.forget_sign_ins,
    every=timedelta(hours=6),
    model=SignIn,
    is_set_based=True,
    in_replay=False,
)
LAPSE_PROPOSALS = Job(
    "lapse-proposals",
    due=proposals.to_lapse,
    work=proposals.lapse,
    every=timedelta(hours=1),
    model=Proposal,
    merchant="merchant",
    in_replay=False,
)
OLD_SESSIONS = Job(
    "old-sessions",
    due=sessions.expired,
    work=sessions.forget,
    every=timedelta(hours=1),
    in_replay=False,
)
