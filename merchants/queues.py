"""The queues of profiles and proposals that wait for an operator."""

from collections.abc import Iterable

from django.db.models import Model, Q

from backoffice.queues import ANSWERS, Group, Queue, with_status
from merchants.models import Profile, Proposal, Standing, User
from merchants.proposals import OPERATOR_POLICY, OPERATOR_ROLES, Kind

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


def proposals_of(
    kinds: Iterable[Kind], *, name: str, title: str, like: type[Model], place: int
) -> Queue:
    """The operators' queue of proposals of these kinds that wait for a decision, for whoever may
    decide about rows of `like`. `name` is the queue's name in addresses, `title` is what it is
    called, and `place` where it stands.
    """
    return Queue(
        name=name,
        title=title,
        model=Proposal,
        which=with_status(Proposal.Status.PROPOSED, kind__in=[kind.code for kind in kinds]),
        since="proposed_at",
        merchant="merchant_id",
        group=SECOND_PERSON,
        place=place,
        like=like,
    )


ROLES_AND_POLICIES = proposals_of(
    (OPERATOR_ROLES, OPERATOR_POLICY),
    name="to-decide",
    title="Roles and operator policies to confirm",
    like=User,
    place=10,
)
