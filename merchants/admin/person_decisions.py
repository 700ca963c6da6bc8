"""Administrators' decisions about how people sign in, and about operators' roles."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from backoffice.decisions import Act, Call, ConfirmForm, Decision, Reasoned
from merchants.admin.forms import NewOperator, Roles
from merchants.models import Proposal, User
from merchants.models.people import ENOUGH_ADMINISTRATORS
from merchants.operations import operators, people
from merchants.queries import factor_names


def _change_roles(act: Act) -> User | Proposal:
    """Change an operator's roles, with a trail row; roles that are taken away are gone at once,
    which signs the person out. Returns the proposal if roles are to be added, which a second
    administrator confirms, and otherwise the person. Raises what operators.change_roles raises.
    """
    changed = operators.change_roles(
        user_id=act.row.pk,
        roles=act.cleaned_data["roles"],
        reason=act.reason,
        actor=act.user,
        now=act.now,
    )
    return changed.proposal or changed.user


def _roles_done(outcome: User | Proposal) -> str:
    """The message after `_change_roles`: that the roles are changed, or that what is added waits
    for another administrator.
    """
    if isinstance(outcome, User):
        return "The roles are changed."
    return "What is taken is taken; what is added waits for another administrator (Proposals)."


def _second_person() -> str:
    """The sentence that roles that are added wait, up to seven days, for another administrator to
    confirm them; or that nobody can, as fewer than two administrators can sign in.
    """
    if User.objects.administrators().count() >= ENOUGH_ADMINISTRATORS:
        return (
            "Roles that are added wait until another administrator confirms them, for seven days"
            " at most."
        )
    return (
        "Roles are added by two administrators, and fewer than two can sign in: there is nobody to"
        " confirm. On the machine, manage.py createsuperuser makes another administrator."
    )


def _roles_effect(user: User) -> str:
    """What operators read before they change an operator's roles: the present ones, that what is
    taken is taken at once and signs the person out, and whether another administrator can confirm
    what is added.
    """
    present = "everything, as a superuser" if user.is_superuser else "; ".join(_roles(user))
    return (
        f"{user} has: {present or 'none'}. What is chosen takes the place of that; without a role"
        " somebody is no operator any more. What is taken is taken at once, and they are signed out"
        f" everywhere. {_second_person()} Nobody changes their own roles, and the last"
        " administrator who can sign in stays one."
    )


def _roles(user: User) -> list[str]:
    """The names of the operator's roles (operators.roles_of)."""
    return operators.roles_of(user)


def _may_sign_in(user: User) -> dict[str, bool]:
    """Whether the person may sign in, under its label."""
    return {"May sign in": user.is_active}


def _factors_effect(user: User) -> str:
    """What operators read before they take a person's second factors away: which these
    are, recovery codes among them, that the person is signed out everywhere, and that
    the password alone then lets them in to set up others. It asks operators to make
    sure who asks, by a call to a number that they knew before.
    """
    named = ", ".join(factor_names(user))
    return (
        f"{user} has: {named}. All of it goes, and they are signed out everywhere; then the"
        " password alone lets them in to set up others. Be sure that it is them who ask: call"
        " back at a number that you knew before."
    )


def _sessions_effect(user: User) -> str:
    """What operators read before they sign a person out: that it is everywhere, and how many of the
    person's sign-ins are on record.
    """
    count = UserSession.objects.filter(user=user).count()
    return f"{user} is signed out everywhere; sign-ins on record: {count}."


ADD_OPERATOR = Decision(
    "add-operator",
    "Add an operator",
    takes_second_factor=True,
    form=NewOperator,
    effect=lambda row: (
        "Whoever reads this mailbox becomes an operator with these roles, once it is confirmed;"
        " then we send a link to set the password, good for three days. A second factor is set up"
        " at the first sign-in. Somebody who belongs to a merchant can't be an operator, and an"
        f" administrator decides no money. {_second_person()}"
    ),
    carry_out=Call(operators.add, takes_person=True),
    done=lambda proposal: f"{proposal.subject} waits for another administrator's confirmation.",
)

ABOUT_PERSON = (
    Decision(
        "roles",
        "Change roles",
        takes_second_factor=True,
        form=Roles,
        effect=_roles_effect,
        initial=lambda user: {"roles": _roles(user)},
        shown=lambda user: {"Roles": _roles(user), "Superuser": user.is_superuser},
        carry_out=_change_roles,
        done=_roles_done,
        is_open=lambda user: user.is_staff,
    ),
    Decision(
        "link",
        "Send the link again",
        takes_second_factor=True,
        form=ConfirmForm,
        effect=lambda user: (
            f"{user} gets an e-mail with a link to set the password, good for three days."
        ),
        carry_out=Call(operators.send_link, "user_id", takes_person=True),
        done="The link is sent.",
        is_open=lambda user: user.is_staff and user.is_active and user.last_login is None,
    ),
    Decision(
        "second-factors",
        "Take second factors away",
        takes_second_factor=True,
        form=Reasoned,
        effect=_factors_effect,
        shown=lambda user: {"Second factors": factor_names(user)},
        carry_out=Call(people.take_second_factors, "user_id", takes_person=True),
        done="The second factors are gone.",
        is_open=lambda user: Authenticator.objects.filter(user=user).exists(),
    ),
    Decision(
        "sessions",
        "Sign out everywhere",
        form=Reasoned,
        effect=_sessions_effect,
        carry_out=Call(people.end_sessions, "user_id", takes_person=True),
        done="The person is signed out everywhere.",
    ),
    Decision(
        "deactivate",
        "Deactivate",
        form=Reasoned,
        effect=lambda user: (
            f"{user} is signed out everywhere and can't sign in any more. Roles stay as they are,"
            " for the day that they are reactivated."
        ),
        shown=_may_sign_in,
        carry_out=Call(people.deactivate, "user_id", takes_person=True),
        done="The person is deactivated.",
        is_open=lambda user: user.is_active,
    ),
    Decision(
        "reactivate",
        "Reactivate",
        takes_second_factor=True,
        form=Reasoned,
        effect=lambda user: f"{user} can sign in again, with the roles that they have.",
        shown=_may_sign_in,
        carry_out=Call(people.reactivate, "user_id", takes_person=True),
        done="The person is reactivated.",
        is_open=lambda user: not user.is_active,
    ),
)
