"""What waits for an operator about merchants and people."""

from django.db.models import Q

from backoffice.queues import Queue, with_status
from merchants.models import Profile, Proposal, Standing

PROFILES = Queue(
    "to-confirm",
    "Profiles to confirm",
    Profile,
    lambda now: Q(licence_standing=Standing.WAITING) | Q(contacts_standing=Standing.WAITING),
    since="changed_at",
    merchant="merchant_id",
)
PROPOSALS = Queue(
    "to-decide",
    "Proposals to confirm",
    Proposal,
    with_status(Proposal.Status.PROPOSED),
    since="proposed_at",
    merchant="merchant_id",
)
