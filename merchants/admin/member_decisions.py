"""What administrators decide about merchants' teams."""

from backoffice.decisions import Act, Decision, Reasoned
from merchants.admin.forms import Invited, InvitedTo, MerchantRole
from merchants.models import Invitation, Membership
from merchants.operations import team
from merchants.roles import MANAGES_MEMBERS

INVITES = (
    "Whoever reads this mailbox gets the role by the link that we send there, good for seven days;"
    " who has no account makes one with it. For a merchant's first owner, or when all are lost."
)


def _invite(act: Act) -> Invitation:
    merchant = act.said.get("merchant") or act.row
    return team.invite(
        merchant_id=merchant.pk,
        actor=act.user,
        email=act.said["email"],
        role=Membership.Role(act.said["role"]),
        reason=act.reason,
        now=act.by["now"],
    )


def _change(act: Act) -> Membership:
    return team.change_role(
        merchant_id=act.row.merchant_id,
        actor=act.user,
        membership_id=act.row.pk,
        role=Membership.Role(act.said["role"]),
        reason=act.reason,
        now=act.by["now"],
    )


def _remove(act: Act) -> Membership:
    return team.remove(
        merchant_id=act.row.merchant_id,
        actor=act.user,
        membership_id=act.row.pk,
        reason=act.reason,
        now=act.by["now"],
    )


OF_MERCHANT = Decision(
    "invite",
    "Invite to the team",
    takes_second_factor=True,
    form=Invited,
    effect=lambda merchant: INVITES,
    carry_out=_invite,
    done=lambda invitation: f"{invitation.email} is invited.",
    permission=MANAGES_MEMBERS,
)

OF_LIST = Decision(
    "invite",
    "Invite to a team",
    takes_second_factor=True,
    form=InvitedTo,
    effect=lambda row: INVITES,
    carry_out=_invite,
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
        carry_out=_change,
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
        carry_out=_remove,
        done="The person is off the team.",
    ),
)
