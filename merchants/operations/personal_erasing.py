"""How the rows that this package keeps of people are erased, and what speaks against it."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Replace

from lib import erasing
from lib.refusals import Refused
from merchants import personal_rows
from merchants.models import (
    Invitation,
    Profile,
    ProfilePart,
    Proposal,
    SavedView,
    SecurityMail,
    SignIn,
)
from merchants.operations import profiles, sessions
from merchants.personal import BUYER, HOLDINGS, Holding, Kind, Row, Subject
from merchants.trail import Action
from trail.models import TrailEntry

PERSON, CONTACTS = Kind.PERSON, Kind.CONTACTS
ERASER = "erasure"  # as who emptied a profile
OPERATORS_ACTIONS = (Action.OPERATOR_ADDED, Action.OPERATOR_ROLES_CHANGED)


class StillInRole(Refused):
    """The person has a role at a merchant, or with us, which has to be taken away first."""

    code = "still_in_role"


class ProposalOpen(Refused):
    """A proposal by the person or about them waits, and has to be decided first."""

    code = "proposal_open"


class RecordKept(Refused):
    """The person decided as an operator too short a time ago: who decided has to be known."""

    code = "record_kept"


def register() -> None:
    """Register the rows that this package keeps of people, contacts and buyers, with how they are
    exported and erased. Called once, when a program starts.
    """
    HOLDINGS.register(
        Holding(10, "account", kind=PERSON, rows=personal_rows.account, erase=_account,
                object_to=_object),
        Holding(11, "roles", kind=PERSON, rows=personal_rows.roles),
        Holding(18, "saved views", kind=PERSON, rows=personal_rows.saved_views),
        Holding(12, "invitations", kind=PERSON, rows=personal_rows.invitations, erase=_invitations),
        Holding(13, "sign-ins", kind=PERSON, rows=personal_rows.sign_ins, erase=_sign_ins),
        Holding(14, "sessions", kind=PERSON, rows=personal_rows.sessions),
        Holding(15, "second factors", kind=PERSON, rows=personal_rows.second_factors),
        Holding(16, "mails about sign-ins", kind=PERSON, rows=personal_rows.mails, erase=_mails),
        Holding(17, "looks at merchants", kind=PERSON, rows=personal_rows.looks),
        Holding(40, "contact of merchants", kind=PERSON, rows=_contact_of, erase=_as_contact),
        Holding(50, "browsers", kind=PERSON, rows=_browsers, erase=_erase_browsers),
        Holding(51, "addresses asked for", kind=PERSON, rows=personal_rows.asked_addresses,
                erase=_erase_asked),
        Holding(80, "who acted", kind=PERSON, rows=personal_rows.acts, erase=_acts),
        Holding(90, "named", kind=PERSON, rows=personal_rows.named, erase=_named),
        Holding(10, "contacts and licence", kind=CONTACTS, rows=personal_rows.contacts,
                erase=_contacts),
        Holding(20, "contacts and licences before", kind=CONTACTS,
                rows=personal_rows.contacts_before, erase=_contacts_before),
        Holding(80, "saved views", kind=Kind.BUYER, rows=_views_of, erase=_erase_views),
        Holding(90, "trail", kind=Kind.BUYER, rows=_taken_before, erase=_buyer_on_trail),
    )  # fmt: skip


def _object(subject: Subject) -> None:
    """Raise StillInRole, ProposalOpen or RecordKept for a person who cannot be erased yet: an
    operator or member of a team, one with a proposal by or about them that waits, and one who
    became an operator, or whose roles with us changed, less than TAEL_OPERATORS_KEPT_DAYS ago.
    """
    user = subject.user
    if user is not None and (user.is_staff or user.is_superuser):
        raise StillInRole(f"{user} is an operator: take the roles away first.")
    if user is not None:
        held = user.memberships.select_related("merchant").order_by("pk")
        named = [f"{one.get_role_display()} of {one.merchant}" for one in held]
        if named:
            raise StillInRole(
                f"{user} is {' and '.join(named)}: take that role away first. A merchant's last"
                " owner stays until there is another one."
            )
    by_them = Q(proposed_by__in=subject.names) | Q(asked_by__in=subject.names)
    waits = Proposal.objects.filter(status=Proposal.Status.PROPOSED)
    waiting = waits.filter(by_them | personal_rows.any_of("subject", subject.names)).first()
    if waiting is not None:
        raise ProposalOpen(f"A proposal waits that is theirs or about them ({waiting}): decide it.")
    _object_to_operators(subject)


def _object_to_operators(subject: Subject) -> None:
    """Raise RecordKept if the latest trail row that says that the person became an operator, or
    that their roles with us changed, is younger than TAEL_OPERATORS_KEPT_DAYS.
    """
    entries = TrailEntry.objects.filter(
        action__in=OPERATORS_ACTIONS, subject__in=subject.names
    ).order_by("-at", "-id")
    last = entries.first()
    if last is None:
        return
    until = last.at + timedelta(days=settings.TAEL_OPERATORS_KEPT_DAYS)
    if subject.now < until:
        raise RecordKept(
            f"{subject} was an operator: who decided stays on record until {until:%d %b %Y}"
            " (TAEL_OPERATORS_KEPT_DAYS)."
        )


def _account(subject: Subject, pseudonym: str) -> int:
    """Replace the account's address by the pseudonym's (`erasing.as_address`); take its name,
    language, time zone, password, sessions, other addresses and second factors, and keep it from
    signing in. Its row stays, since others lead to it. Returns 1, or 0 without an account and for
    one that is erased already, as it is in the second cell.
    """
    user = subject.user
    if user is None or erasing.is_erased(user.email):
        return 0
    sessions.end(user)
    UserSession.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    user.email = erasing.as_address(pseudonym)
    user.first_name = user.last_name = user.language = user.timezone = ""
    user.is_active, user.last_login = False, None
    user.set_unusable_password()
    user.save()
    return 1


def _invitations(subject: Subject, pseudonym: str) -> int:
    """Revoke the open invitations to the person's present and former addresses, expired ones too,
    and put the pseudonym's address in place of theirs in all invitations to them. Returns how many
    there were.
    """
    found = Invitation.objects.filter(personal_rows.any_of("email", subject.names))
    open_ones = found.filter(accepted_at__isnull=True, revoked_at__isnull=True)
    open_ones.update(revoked_at=subject.now)
    return found.update(email=erasing.as_address(pseudonym))


def _sign_ins(subject: Subject, pseudonym: str) -> int:
    """In the rows of the log of sign-ins that are the person's (personal_rows.of_log), put the
    pseudonym's address (`erasing.as_address`) in place of the address, and empty the network
    address and browser: that somebody signed in, and when, stays. Rows that are so already, as in
    the second cell, are left alone: the log's trigger refuses a change that is none. Returns how
    many rows were changed.
    """
    erased = {"address": erasing.as_address(pseudonym), "ip": None, "browser": ""}
    done = Q(address=erased["address"], ip__isnull=True, browser="")
    own = SignIn.objects.filter(personal_rows.of_log(subject))
    return own.exclude(done).update(**erased)


def _mails(subject: Subject, pseudonym: str) -> int:
    """Delete the e-mails about sign-ins and teams that were written to the person's account.
    Returns how many there were; 0 for a person without an account.
    """
    if subject.user is None:
        return 0
    count, _ = SecurityMail.objects.filter(user=subject.user).delete()
    return count


def _contact_of(subject: Subject) -> Iterable[dict[str, Any]]:
    """Yield a row of the export for each merchant whose present contact has an address of the
    person, present or former.
    """
    for profile in _profiles_of(subject):
        names = "contact_name contact_email contact_phone"
        yield {"merchant": profile.merchant.reference} | personal_rows.fields(profile, names)


def _profiles_of(subject: Subject) -> Iterable[Profile]:
    """The query for the profiles whose present contact has an address of the person, present or
    former, by their keys, with their merchants and without their documents.
    """
    found = Profile.objects.filter(personal_rows.any_of("contact_email", subject.names))
    return found.select_related("merchant").defer("licence_document").order_by("pk")


def _as_contact(subject: Subject, pseudonym: str) -> int:
    """Empty the contacts of merchants whose present contact has an address of the person, present
    or former, and replace by the pseudonym all that the trail says of these merchants' contacts,
    also of earlier ones. Returns how many rows lost something. It locks each profile.
    """
    rows = 0
    for profile in list(_profiles_of(subject)):
        rows += _emptied(profile.merchant_id, [ProfilePart.CONTACTS], subject, pseudonym)
    return rows


def _contacts(subject: Subject, pseudonym: str) -> int:
    """Empty the profile of the subject's merchant, and replace by the pseudonym what the trail says
    of the parts that were filled in. Returns how many rows lost something. It locks the profile.
    """
    assert subject.merchant is not None
    return _emptied(subject.merchant.pk, list(ProfilePart), subject, pseudonym)


def _contacts_before(subject: Subject, pseudonym: str) -> int:
    """Replace by the pseudonym what the trail says of the profile of the subject's merchant, former
    values too. Returns how many trail rows were changed.
    """
    assert subject.merchant is not None
    return _on_trail(subject.merchant.pk, list(ProfilePart), pseudonym)


def _emptied(merchant_id: int, parts: list[ProfilePart], subject: Subject, pseudonym: str) -> int:
    """Empty these parts of a merchant's profile, and replace by the pseudonym what the trail says
    of those that were filled in. Returns how many parts and trail rows lost something. It locks the
    profile.
    """
    filled = profiles.clear(merchant_id=merchant_id, parts=parts, actor=ERASER, now=subject.now)
    return len(filled) + _on_trail(merchant_id, filled, pseudonym)


def _on_trail(merchant_id: int, parts: Iterable[ProfilePart], pseudonym: str) -> int:
    """Replace by the pseudonym what the trail says of these parts of a merchant's profile, except
    the size of the licence document. Returns how many trail rows were changed.
    """
    names = {name for part in parts for name in profiles.FIELDS[part]} - {"licence_document"}
    if "licence_document_name" in names:
        names.add("document")  # as the trail calls the name of one that was downloaded
    rows = 0
    for entry in TrailEntry.objects.filter(merchant=merchant_id, subject="profile"):
        before, after = (_replaced(said, names, pseudonym) for said in (entry.before, entry.after))
        if (before, after) != (entry.before, entry.after):
            rows += TrailEntry.objects.filter(pk=entry.pk).update(before=before, after=after)
    return rows


def _replaced(said: dict[str, Any], names: set[str], pseudonym: str) -> dict[str, Any]:
    """The values of `said`, in which those under these names are replaced by the pseudonym, unless
    they are empty or erased already.
    """
    return {
        name: pseudonym if name in names and value and not erasing.is_erased(str(value)) else value
        for name, value in said.items()
    }


def _with_browser(subject: Subject) -> "QuerySet[TrailEntry]":
    """The query for the trail's rows about the person that say from which network address a sign-in
    came.
    """
    found = TrailEntry.objects.filter(subject__in=subject.names, after__has_key="network_address")
    return found.order_by("pk")


def _browsers(subject: Subject) -> Iterable[dict[str, Any]]:
    """Yield a row of the export for each of the trail's rows that say from where the person signed
    in.
    """
    for entry in _with_browser(subject):
        yield personal_rows.fields(entry, "at action after")


def _erase_browsers(subject: Subject, pseudonym: str) -> int:
    """Replace network address and browser of the person's sign-ins on the trail by the pseudonym.
    Rows that have nothing of it, or nothing any more, as in the second cell, are left alone: the
    trail's trigger refuses a change that is none. Returns how many trail rows were changed.
    """
    names, rows = {"network_address", "browser"}, 0
    for entry in _with_browser(subject):
        after = _replaced(entry.after, names, pseudonym)
        if after != entry.after:
            rows += TrailEntry.objects.filter(pk=entry.pk).update(after=after)
    return rows


def _erase_asked(subject: Subject, pseudonym: str) -> int:
    """Replace the addresses that the person has asked for by the pseudonym's where the trail says
    so, and nowhere else: they may be somebody else's. Rows in which that is so already, as in the
    second cell, are left alone. Returns how many trail rows were changed.
    """
    rows = 0
    for entry in personal_rows.asked_for(subject):
        after = _replaced(entry.after, {"address"}, erasing.as_address(pseudonym))
        if after != entry.after:
            rows += TrailEntry.objects.filter(pk=entry.pk).update(after=after)
    return rows


def _acts(subject: Subject, pseudonym: str) -> int:
    """Replace the person's addresses by the pseudonym's wherever the books name who acted. Returns
    how many rows there were, by address: a row with two of them counts twice.
    """
    new = erasing.as_address(pseudonym)
    return sum(
        erasing.replace_acting(model, name, new).rows
        for model in erasing.of_books()
        for name in subject.names
    )


def _named(subject: Subject, pseudonym: str) -> int:
    """Replace the person's addresses by the pseudonym's wherever else the books may name
    people (`erasing.named`), also within a longer text, and in the admin's history. In the
    books case does not matter, and an address that is only part of a longer address stays;
    the history is searched for the very characters. Returns how many rows were changed: a
    row counts once for each address and, in the history, for each of its two columns.
    """
    new = erasing.as_address(pseudonym)
    rows = sum(
        erasing.replace_named(model, name, new).rows
        for model in erasing.of_books()
        for name in subject.names
    )
    for name in subject.names:
        for column in ("object_repr", "change_message"):
            told = LogEntry.objects.filter(**{f"{column}__contains": name})
            rows += told.update(**{column: Replace(column, Value(name), Value(new))})
    return rows


def _views(subject: Subject) -> "QuerySet[SavedView]":
    """The saved views of lists that are narrowed to this buyer: those whose query has exactly this
    name in its field `buyer` or `name`.
    """
    ends = Q()
    for field in ("buyer", "name"):
        asked = urlencode({field: subject.names[0]})
        ends |= Q(query__endswith=asked) | Q(query__contains=f"{asked}&")
    return SavedView.objects.filter(ends)


def _views_of(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each saved view of a list that is narrowed to this buyer
    (`_views`).
    """
    for view in _views(subject).select_related("membership__merchant").order_by("pk"):
        merchant = view.membership.merchant.reference
        yield {"merchant": merchant, "page": view.page, "saved_at": view.saved_at.isoformat()}


def _erase_views(subject: Subject, pseudonym: str) -> int:
    """Delete the saved views of lists that are narrowed to this buyer (`_views`): whoever saved one
    has lost nothing but a shortcut. Returns how many there were.
    """
    return _views(subject).delete()[0]


def _taken_before(subject: Subject) -> Iterable[dict[str, Any]]:
    """Yield a row of the export for each time that the buyer's data was taken, which the trail
    keeps under the buyer's name.
    """
    for entry in TrailEntry.objects.filter(subject=f"{BUYER}{subject}").order_by("pk"):
        yield personal_rows.fields(entry, "at action")


def _buyer_on_trail(subject: Subject, pseudonym: str) -> int:
    """Replace the buyer's name by the pseudonym where the trail keeps that the buyer's data was
    taken. Returns how many trail rows there were.
    """
    told = TrailEntry.objects.filter(subject=f"{BUYER}{subject}")
    return told.update(subject=f"{BUYER}{pseudonym}")
