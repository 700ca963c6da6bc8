"""The rows that Tael keeps of a person who signs in or was invited, and of a merchant's contacts,
as an export tells them. Nothing here writes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import models
from django.db.models import Q, QuerySet

from lib import erasing
from merchants.models import (
    Invitation,
    Look,
    Membership,
    Profile,
    SavedView,
    SecurityMail,
    SignIn,
    User,
)
from merchants.personal import Row, Subject
from merchants.trail import Action
from trail.models import TrailEntry

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
ANOTHER = "(another person)"
OF_PROFILE = ("licence_number", "licence_document_name", "contact_name", "contact_email",
              "contact_phone")  # fmt: skip
# When something happened, by the names that columns have for it.
INSTANTS = ("at", "requested_at", "asked_at", "proposed_at", "placed_at", "added_at", "uploaded_at",
            "made_at", "written_at", "recorded_at", "received_at", "started_at", "decided_at",
            "changed_at", "set_at")  # fmt: skip


def addresses(user: User) -> tuple[str, ...]:
    """The person's e-mail addresses: the present one first, then those that are proved, and those
    that the person had before. One that is another person's by now is left out, and so is one that
    was only asked for: anybody can ask for anybody's (`asked_for`).
    """
    found = [user.email]
    own = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    waiting = [user.email, *(one for one in own if not _is_anothers(one, user))]
    while waiting:
        address = waiting.pop()
        if address not in found:
            found.append(address)
        changes = TrailEntry.objects.filter(action=Action.ADDRESS_CHANGED, subject=address)
        before = {str(entry.before.get("address", "")) for entry in changes} - {"", *found}
        waiting += [one for one in before if not _is_anothers(one, user)]
    return tuple(found)


def asked_for(subject: Subject) -> "QuerySet[TrailEntry]":
    """The query for the trail's rows that say which other address the person has asked for."""
    found = TrailEntry.objects.filter(action=Action.ADDRESS_ASKED, subject__in=subject.names)
    return found.order_by("pk")


def asked_addresses(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each time that the person has asked for another address."""
    for entry in asked_for(subject):
        yield fields(entry, "at action after")


def _is_anothers(address: str, user: User) -> bool:
    """Look up whether the e-mail address, in any case, is that of another person's account."""
    return User.objects.filter(email__iexact=address).exclude(pk=user.pk).exists()


def any_of(column: str, names: Iterable[str]) -> Q:
    """A filter for rows whose column is one of these names, in any case. Without names it finds no
    row.
    """
    found = Q(pk__in=[])
    for name in names:
        found |= Q(**{f"{column}__iexact": name})
    return found


def account(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for the person's account, without its password, and one for each of
    its addresses.
    """
    if subject.user is not None:
        names = "email first_name last_name language timezone date_joined last_login is_active"
        yield fields(subject.user, names)
        for one in EmailAddress.objects.filter(user=subject.user).order_by("pk"):
            yield fields(one, "email verified primary")


def roles(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each of the person's roles at merchants, with the kinds of
    notices that they want no e-mail of (`muted`) and the latest notice that they have seen, and for
    each of their roles with us.
    """
    if subject.user is not None:
        for membership in Membership.objects.filter(user=subject.user).select_related("merchant"):
            merchant = {"merchant": membership.merchant.reference}
            yield merchant | fields(membership, "role muted seen_notice")
        yield from ({"role_with_us": group.name} for group in subject.user.groups.order_by("name"))


def saved_views(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each list that the person has saved under a name."""
    if subject.user is not None:
        found = SavedView.objects.filter(membership__user=subject.user)
        for one in found.select_related("membership__merchant").order_by("pk"):
            merchant = {"merchant": one.membership.merchant.reference}
            yield merchant | fields(one, "page name query saved_at")


def invitations(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each invitation that was sent to the person's addresses."""
    found = Invitation.objects.filter(any_of("email", subject.names)).select_related("merchant")
    for one in found.order_by("pk"):
        names = "email role invited_at expires_at accepted_at revoked_at"
        yield {"merchant": one.merchant.reference} | fields(one, names)


def of_log(subject: Subject) -> Q:
    """The condition of the rows of the log of sign-ins that are the person's: those of the account,
    and attempts under one of the person's addresses that were of no account. Who had the address
    before has rows of their own.
    """
    nobodys = any_of("address", subject.names) & Q(user__isnull=True)
    return nobodys if subject.user is None else nobodys | Q(user=subject.user)


def sign_ins(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each sign-in of the person, and for each attempt under the
    person's addresses (`of_log`).
    """
    for one in SignIn.objects.filter(of_log(subject)).order_by("pk"):
        yield fields(one, "at kind address ip browser detail")


def sessions(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each session that the person is signed in with."""
    if subject.user is not None:
        for one in UserSession.objects.filter(user=subject.user).order_by("pk"):
            yield fields(one, "created_at last_seen_at ip user_agent")


def second_factors(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each second factor: its kind, since when, and when it was last
    used; not the secret that proves it.
    """
    if subject.user is not None:
        for one in Authenticator.objects.filter(user=subject.user).order_by("pk"):
            yield fields(one, "type created_at last_used_at")


def mails(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each e-mail about sign-ins and teams that was written to the
    person's account, without other people's addresses.
    """
    if subject.user is not None:
        for one in SecurityMail.objects.filter(user=subject.user).order_by("pk"):
            row = fields(one, "kind address at sent_at")
            yield row | {"details": without_others(one.details, subject)}


def looks(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each time that the person, as operator, looked at a merchant's
    pages.
    """
    if subject.user is not None:
        for one in Look.objects.filter(operator=subject.user).select_related("merchant"):
            row = {"merchant": one.merchant.reference}
            yield row | fields(one, "reason started_at ends_at ended_at")


def acts(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each place in the books where the person stands as who acted:
    the row, the column, and when.
    """
    for model in erasing.of_books():
        names = erasing.acting(model)
        if not names:
            continue
        found = Q(pk__in=[])
        for name in names:
            found |= Q(**{f"{name}__in": subject.names})
        for row in model._default_manager.filter(found).order_by("pk").iterator():
            for name in names:
                if getattr(row, name) in subject.names:
                    yield {"what": f"{model._meta.verbose_name} {row.pk}", "as": name, **_when(row)}


def named(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each row of the books whose texts (`erasing.named`) have an
    address of the person: the row, when, and all of its texts, without other people's addresses.
    The logs of sign-ins and of their mails are left out.
    """
    patterns = [erasing.pattern_of(name) for name in subject.names]
    for model in erasing.of_books():
        names = erasing.named(model)
        if not names or model is SecurityMail or model is SignIn:
            continue
        found = Q(pk__in=[])
        texts = {f"{name}_text": models.functions.Cast(name, models.TextField()) for name in names}
        for text in texts:
            for pattern in patterns:
                found |= Q(**{f"{text}__iregex": pattern})
        for row in model._default_manager.alias(**texts).filter(found).order_by("pk").iterator():
            said = {name: without_others(getattr(row, name), subject) for name in names}
            yield {"what": f"{model._meta.verbose_name} {row.pk}", **_when(row), **said}


def contacts(subject: Subject) -> Iterator[Row]:
    """Yield the row of the export with the merchant's contacts and licence, if it has a profile.
    The document is named and not included: operators take that from the profile's page.
    """
    profile = Profile.objects.filter(merchant=subject.merchant).defer("licence_document").first()
    if profile is not None:
        yield fields(profile, " ".join([*OF_PROFILE, "changed_at"]))


def contacts_before(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each of the trail's rows about the profile of the subject's
    merchant, with its instant and the values before and after, each under its name and "before" or
    "after".
    """
    for entry in TrailEntry.objects.filter(merchant=subject.merchant, subject="profile"):
        said = {
            name: value
            for when, values in (("before", entry.before), ("after", entry.after))
            for name, value in ((f"{key} {when}", value) for key, value in values.items())
        }
        yield {"at": entry.at.isoformat(), **said}


def fields(row: Any, names: str) -> Row:
    """The columns of a row whose names `names` lists, separated by blanks, with their values as
    JSON takes them.
    """
    return {name: plain(getattr(row, name)) for name in names.split()}


def plain(value: Any) -> Any:
    """Return a value of a row in a form that JSON can hold. Instants and days become text
    in ISO 8601. Texts, whole numbers, booleans and None are returned as they are, and so
    are lists and dicts, whatever is in them. All else becomes text, decimals and floats
    included.
    """
    if isinstance(value, dict | list | str | int | bool | None):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def without_others(value: Any, subject: Subject) -> Any:
    """The value, with ANOTHER in the place of every e-mail address in its texts that is not one of
    the subject's, in whatever case; lists and the values of objects are gone through. Values that
    JSON has no type for become text (`plain`).
    """
    if isinstance(value, dict):
        return {key: without_others(one, subject) for key, one in value.items()}
    if isinstance(value, list):
        return [without_others(one, subject) for one in value]
    if isinstance(value, str):
        own = {name.lower() for name in subject.names}
        return ADDRESS.sub(lambda found: found[0] if found[0].lower() in own else ANOTHER, value)
    return plain(value)


def _when(row: Any) -> Row:
    """The instant of the row, under "at": that in the first of the columns INSTANTS, as they
    are listed there, that it has and that is filled in; None if there is none.
    """
    found = (getattr(row, name, None) for name in INSTANTS)
    return {"at": next((plain(at) for at in found if at is not None), None)}
