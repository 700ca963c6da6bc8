"""What operators read before they decide about people, teams, merchants' details and policies."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past
from merchants import queries
from merchants.models import (
    Invitation,
    Membership,
    Merchant,
    OperatorPolicy,
    Profile,
    ProfilePart,
    Proposal,
    SignIn,
    Standing,
    User,
)
from merchants.models.policies import PolicyVersion
from merchants.operations import two_people
from trail import histories


def of_person(user: User, name: str = "") -> Brief:
    """How the person signs in, what they may do, and what happened to their access lately; with
    what the decision `name` about them changes.
    """
    roles = sorted(group.name for group in user.groups.all())
    own = EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True)
    brief = Brief(
        facts=(
            Fact("May sign in", user.is_active),
            Fact("Roles with us", (["Superuser"] if user.is_superuser else []) + roles),
            Fact("At merchants", _teams(user)),
            Fact("Second factors", queries.factor_names(user)),
            Fact("Address is proved", own.exists()),
            Fact("Signed in last", user.last_login),
            Fact("Sign-ins that last", UserSession.objects.filter(user=user).count()),
        ),
        histories=(histories.of_subject(user.email), _sign_ins(user)),
    )
    return brief.about(*_changes_of_person(user, name))


def of_roles(proposal: Proposal, now: datetime) -> Brief:
    """What is known of the person whose roles a proposal would change, and the roles before and
    after. If nobody has an account with the address, it says so.
    """
    user = queries.person(proposal.subject)
    roles = Change("Roles", proposal.before.get("roles"), proposal.after.get("roles"))
    if user is not None:
        return of_person(user).about(roles)
    return Brief(
        facts=(Fact("E-mail", proposal.subject), Fact("Has an account", False)),
        changes=(roles,),
        histories=(histories.of_subject(proposal.subject),),
    )


def of_member(membership: Membership, name: str = "") -> Brief:
    """What is known of the person, their role, how many people the team has, and how many owners
    who can sign in. If the person is one of these, the decision "remove" (`name`) also has how many
    of them would be left.
    """
    owners = membership.merchant.memberships.filter(
        role=Membership.Role.OWNER, user__is_active=True
    )
    count = owners.count()
    facts = [
        Fact("Role", membership.get_role_display()),
        Fact("People on the team", membership.merchant.memberships.count()),
        Fact("Owners who can sign in", count),
    ]
    changes = []
    if name == "remove" and owners.filter(pk=membership.pk).exists():
        changes = [Change("Owners who can sign in", count, count - 1)]
    return of_person(membership.user).about(*changes, facts=facts)


def of_invitation(invitation: Invitation) -> Brief:
    """Who was invited by whom, until when the link opens something, whether the address has an
    account, the team's owners and how many people it has, and what was decided about the address
    lately.
    """
    return Brief(
        facts=(
            Fact("To", invitation.email, invitation.get_role_display()),
            Fact("Invited", invitation.invited_at, invitation.inviter),
            Fact("Link opens until", invitation.expires_at),
            Fact("Has an account", queries.has_account(invitation.email)),
            *_team(invitation.merchant),
        ),
        histories=(histories.of_subject(invitation.email),),
    )


def of_merchant(merchant: Merchant) -> Brief:
    """What the merchant is called, its owners and how many people its team has, how each part of
    its profile stands, and the latest FEW notes of colleagues about it and looks of operators at
    its pages.
    """
    profile = queries.profile(merchant)
    notes = merchant.notes.order_by("-pk")[:FEW]
    looks = merchant.looks.select_related("operator").order_by("-pk")[:FEW]
    return Brief(
        facts=(
            Fact("Reference", merchant.reference),
            Fact("Time zone", merchant.timezone),
            Fact("Language", merchant.language),
            Fact("Joined", merchant.joined_at),
            *_team(merchant),
            *(Fact(str(part.label), _standing(profile, part)) for part in ProfilePart),
        ),
        histories=(
            History(
                "Notes of colleagues",
                [Past(note.written_at, note.text, note.written_by) for note in notes],
            ),
            History(
                "Who looked at its pages",
                [Past(one.started_at, "Looked", str(one.operator), one.reason) for one in looks],
            ),
        ),
    )


def of_profile(profile: Profile, name: str) -> Brief:
    """What the merchant says of itself in its profile, the latest FEW steps of that (its changes
    and our decisions), its owners and how many people its team has, and how the decision `name`
    changes that part's standing. `name` has to be "confirm-" or "reject-" and a part, such as
    "confirm-licence".
    """
    steps = profile.steps.order_by("-pk")[:FEW]
    decided, _, part = name.partition("-")
    now = _standing(profile, part)
    then = {"confirm": Standing.CONFIRMED, "reject": Standing.REJECTED}[decided].label
    return Brief(
        facts=(
            Fact("Licence", profile.licence_number, profile.licence_document_name),
            Fact("Contact", profile.contact_name),
            Fact("E-mail", profile.contact_email),
            Fact("Telephone", profile.contact_phone),
            Fact("Changed", profile.changed_at, profile.changed_by),
            *_team(profile.merchant),
        ),
        changes=(Change(part.capitalize(), now, then),),
        histories=(
            History(
                "What became of it",
                [
                    Past(
                        step.at,
                        f"{step.get_part_display()}: {step.get_standing_display() or 'empty'}",
                        step.actor,
                        step.reason,
                    )
                    for step in steps
                ],
            ),
        ),
    )


def of_policy(policy: PolicyVersion, name: str) -> Brief:
    """The latest FEW versions of the policy in its currency, withdrawn ones included, latest first.
    For the decision "withdraw" (`name`) it also has each figure that differs in the version before,
    which stays in force.
    """
    same = type(policy)._default_manager.filter(currency=policy.currency)
    kept = same.filter(withdrawn_at__isnull=True, starts_on__lt=policy.starts_on)
    before = kept.order_by("starts_on").last()
    changes: list[Change] = []
    if name == "withdraw" and before is not None:
        figures = {**policy.figures, **before.figures}
        differ = [one for one in figures if policy.figures.get(one) != before.figures.get(one)]
        changes = [
            Change(one.replace("_", " ").replace("-", " ").capitalize(), policy.figures.get(one),
                   before.figures.get(one))
            for one in differ
        ]  # fmt: skip
    rows = [
        Past(one.starts_on, str(one), one.withdrawn_by, "withdrawn" if one.withdrawn_at else "")
        for one in same.order_by("-version")[:FEW]
    ]
    return Brief(
        facts=(Fact("Currency", policy.currency), Fact("Starts on", policy.starts_on)),
        changes=changes,
        histories=(History("Versions, by their first day", rows),),
    )


def of_policy_proposed(proposal: Proposal, now: datetime) -> Brief:
    """The newest versions, withdrawn ones included, latest first and at most FEW, of the operator
    policy of which a proposal would introduce another one. If there is none in the currency, it
    says so.
    """
    currency = two_people.arguments_of(proposal)["currency"]
    newest = OperatorPolicy.objects.filter(currency=currency).order_by("version").last()
    first = Brief(facts=(Fact("Currency", currency), Fact("Newest version", None)))
    return of_policy(newest, proposal.kind) if newest else first


def _standing(profile: Profile, part: str) -> str:
    """How this part of the profile stands, in words: waiting, confirmed, rejected or not filled
    in.
    """
    standing = profile.standing(part)
    return str(Standing(standing).label) if standing else "not filled in"


def _teams(user: User) -> list[str]:
    """Read the person's roles at merchants, each as "merchant: role", by merchant and at most FEW
    of them.
    """
    memberships = user.memberships.select_related("merchant").order_by("merchant__name")[:FEW]
    return [f"{one.merchant}: {one.get_role_display()}" for one in memberships]


def _team(merchant: Merchant) -> list[Fact]:
    """Read the merchant's owners, at most FEW of them and those who joined the team first in front,
    and how many people the team has in all.
    """
    people = list(queries.members(merchant).order_by("pk"))
    owners = [str(one.user) for one in people if one.is_owner]
    return [Fact("Owners", owners[:FEW]), Fact("People on the team", len(people))]


def _sign_ins(user: User) -> History:
    """Read the latest FEW rows of the log of sign-ins that are the person's, latest first:
    sign-ins, sign-outs and attempts, each with its network address and browser.
    """
    rows = SignIn.objects.filter(user=user).order_by("-at", "-id")[:FEW]
    return History(
        "Sign-ins lately",
        [Past(one.at, str(one.get_kind_display()), one.ip or "", one.browser) for one in rows],
    )


def _changes_of_person(user: User, name: str) -> list[Change]:
    """What the decision `name` about the person changes: whether they may sign in, their second
    factors, or how many of their sign-ins last. Nothing for other decisions.
    """
    match name:
        case "deactivate" | "reactivate":
            return [Change("May sign in", user.is_active, name == "reactivate")]
        case "second-factors":
            return [Change("Second factors", queries.factor_names(user), [])]
        case "sessions":
            count = UserSession.objects.filter(user=user).count()
            return [Change("Sign-ins that last", count, 0)]
    return []
