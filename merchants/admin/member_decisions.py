"""Administrators' decisions about merchants' teams."""

from collections.abc import Callable

from backoffice.decisions import Act, Call, Decision, Reasoned
from merchants.admin.forms import Invited, InvitedTo, MerchantRole
from merchants.models import Invitation, Membership
from merchants.operations import inviting, team
from merchants.roles import MANAGES_MEMBERS

INVITES = (
    "Whoever reads this mailbox gets the role by the link that we send there, good for seven days;"
    " who has no account makes one with it. For a merchant's first owner, or when all are lost."
)


def _invite_to(act: Act) -> Invitation:
    """Invite somebody to the team of the merchant that the form names, by an e-mail and with a
    trail row; an open invitation to the address is replaced. It locks the merchant against other
    changes of its team. Raises what inviting.invite raises, such as AlreadyMember,
    OperatorsAddress, TooManyInvitations, and InvitationNotSent after the invitation is saved.
    """
    said = {**act.cleaned_data}
    merchant_id = said.pop("merchant").pk
    return inviting.invite(merchant_id=merchant_id, actor=act.user, now=act.now, **said)


def _of_member(operation: Callable[..., Membership]) -> Call:
    """The Call by which a decision carries out an operation on a membership, which also takes the
    merchant's id and the acting person.
    """
    of_merchant = {"merchant_id": "merchant_id"}
    return Call(operation, "membership_id", columns=of_merchant, takes_person=True)


# An invitation changes nothing that its page shows.
OF_MERCHANT = Decision(
    "invite",
    "Invite to the team",
    takes_second_factor=True,
    form=Invited,
    effect=lambda merchant: INVITES,
    carry_out=Call(inviting.invite, "merchant_id", takes_person=True),
    done=lambda invitation: f"{invitation.email} is invited.",
    permission=MANAGES_MEMBERS,
)

OF_LIST = Decision(
    "invite",
    "Invite to a team",
    takes_second_factor=True,
    form=InvitedTo,
    effect=lambda row: INVITES,
    carry_out=_invite_to,
    done=lambda invitation: f"{invitation.email} is invited.",
)

OF_MEMBER = (
    Decision(
        "role",
        "Change role",
        takes_second_factor=True,
        form=MerchantRole,
        effect=lambda membership: (
            f"{membership.user} is {membership.get_role_display()} at {membership.merchant}, and"
            " has the other role at once. They are signed out everywhere. The last owner who can"
            " sign in stays one."
        ),
        initial=lambda membership: {"role": membership.role},
        shown=lambda membership: {"Role": membership.get_role_display()},
        is_so=lambda act: act.row.role == act.cleaned_data["role"],
        carry_out=_of_member(team.change_role),
        done="The role is changed.",
    ),
    Decision(
        "remove",
        "Take off the team",
        takes_second_factor=True,
        form=Reasoned,
        effect=lambda membership: (
            f"{membership.user} sees nothing of {membership.merchant} any more, and is signed out"
            " everywhere. The last owner who can sign in stays."
        ),
        shown=lambda membership: {"Role": membership.get_role_display()},
        carry_out=_of_member(team.remove),
        done="The person is off the team.",
    ),
)
