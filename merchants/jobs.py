"""The jobs about people: sending e-mails about sign-ins, and letting proposals lapse."""

from datetime import timedelta

from jobs.definitions import Job
from jobs.in_cells import InCells
from merchants import queries, tasks
from merchants.models import Proposal, SecurityMail
from merchants.operations import proposals

SECURITY_MAILS = Job(
    "security-mails",
    due=queries.security_mails_to_send,
    work=tasks.send_security_mails,
    every=timedelta(minutes=1),
    model=SecurityMail,
    merchant="merchant",
    in_replay=False,
    where=InCells.ONCE,
)
LAPSE_PROPOSALS = Job(
    "lapse-proposals",
    due=proposals.to_lapse,
    work=proposals.lapse,
    every=timedelta(hours=1),
    model=Proposal,
    merchant="merchant",
    in_replay=False,
    where=InCells.ONCE,
)
