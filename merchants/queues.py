"""The queues of profiles and proposals that wait for an operator."""

from django.db.models import Q

from backoffice.queues import ANSWERS, Group, Queue, with_status
from merchants.models import Profile, Proposal, Standing

SECOND_PERSON = Group("Waiting for a second person", 40)

PROFILES = Queue(
    name="to-confirm",
    title="Profiles to confirm",
    model=Profile,
    which=lambda now: Q(licence_standing=Standing.WAITING) | Q(contacts_standing=Standing.WAITING),
    since="changed_at",
    merchant="merchant_id",
    group=ANSWERS,
    place=60,
)
PROPOSALS = Queue(
    name="to-decide",
    title="Proposals to confirm",
    model=Proposal,
    which=with_status(Proposal.Status.PROPOSED),
    since="proposed_at",
    merchant="merchant_id",
    group=SECOND_PERSON,
    place=10,
)
