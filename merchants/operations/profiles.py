"""What a merchant says of itself, and an operator's confirmation (domain: limit review)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from merchants import texts
from merchants.models import Profile
from merchants.operations import trail
from merchants.refusals import Invalid, Refused
from merchants.trail import Action

LARGEST_DOCUMENT = 5 * 1024 * 1024
# A file is what it starts with, whatever its name says.
SIGNATURES = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
# What the name of such a file may end with.
ENDINGS = {"pdf": ("pdf",), "png": ("png",), "jpg": ("jpg", "jpeg")}

LONGEST = {
    "licence_number": texts.LONGEST_NAME,
    "contact_name": texts.LONGEST_NAME,
    "contact_email": 254,
    "contact_phone": 50,
}
NEEDED = ("licence_number", "licence_document", "contact_name", "contact_email")  # to confirm
LONGEST_FILE_NAME = 200
FEWEST_DIGITS = 5  # of a telephone number


class ProfileIncomplete(Refused):
    """There is too little in the profile to confirm."""

    code = "profile_incomplete"


class AlreadyConfirmed(Refused):
    """The profile, as it is, was confirmed before."""

    code = "already_decided"


class ProfileChanged(Refused):
    """The merchant has changed the profile since the operator looked at it."""

    code = "profile_changed"


@dataclass(frozen=True)
class Document:
    """A scan of the licence, as it was uploaded."""

    name: str
    content: bytes


def complete(
    *,
    merchant_id: int,
    fields: Mapping[str, str],
    document: Document | None = None,
    actor: str,
    now: datetime,
) -> Profile:
    """Set these fields of the profile, and its licence document if one is given.

    Whatever changes must be confirmed anew; what was there already changes nothing. Raises Invalid,
    naming the field.
    """
    changes: dict[str, object] = {name: _text(name, value) for name, value in fields.items()}
    if document is not None:
        changes["licence_document"] = document.content
        changes["licence_document_name"] = _document_name(document)
    with transaction.atomic():
        profile, _ = Profile.objects.select_for_update().get_or_create(merchant_id=merchant_id)
        changed = [name for name in changes if _value(profile, name) != changes[name]]
        if not changed:
            return profile
        before = _words(profile, changed)
        for name, value in changes.items():
            setattr(profile, name, value)
        profile.changed_at, profile.changed_by = now, actor
        profile.confirmed_at, profile.confirmed_by = None, ""
        profile.save()
        _note(Action.PROFILE_CHANGED, profile, before, _words(profile, changed), actor, now)
        return profile


def confirm(
    *, merchant_id: int, actor: str, now: datetime, seen: datetime | None = None
) -> Profile:
    """Confirm the profile; `seen` is the `changed_at` of what the operator looked at.

    Raises ProfileIncomplete, ProfileChanged, AlreadyConfirmed.
    """
    with transaction.atomic():
        profile = Profile.objects.select_for_update().filter(merchant_id=merchant_id).first()
        missing = [name for name in NEEDED if profile is None or not _value(profile, name)]
        if profile is None or missing:
            raise ProfileIncomplete(f"profile: {', '.join(missing)} missing")
        if seen is not None and profile.changed_at != seen:
            raise ProfileChanged("profile: it was changed meanwhile; look at it again")
        if profile.confirmed_at is not None:
            raise AlreadyConfirmed(f"profile: {profile.confirmed_by} has confirmed it already")
        profile.confirmed_at, profile.confirmed_by = now, actor
        profile.save(update_fields=["confirmed_at", "confirmed_by"])
        before, after = {"confirmed_by": ""}, {"confirmed_by": actor}
        _note(Action.PROFILE_CONFIRMED, profile, before, after, actor, now)
        return profile


def _note(
    action: Action,
    profile: Profile,
    before: dict[str, str],
    after: dict[str, str],
    actor: str,
    now: datetime,
) -> None:
    trail.write(
        action,
        merchant_id=profile.merchant_id,
        subject="profile",
        before=before,
        after=after,
        actor=actor,
        now=now,
    )


def _words(profile: Profile, names: Sequence[str]) -> dict[str, str]:
    """These fields as the trail tells them: of a document its size, for it is no text."""
    values = {name: _value(profile, name) for name in [*names, "confirmed_by"]}
    return {
        name: f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
        for name, value in values.items()
    }


def _value(profile: Profile, name: str) -> object:
    value = getattr(profile, name)
    return bytes(value) if isinstance(value, memoryview) else value


def _text(field: str, value: str) -> str:
    if field not in LONGEST:
        raise Invalid(field, "is no field of a profile")
    if texts.has_control(value):
        raise Invalid(field, "must be one line of printable text")
    value = value.strip()
    if len(value) > LONGEST[field]:
        raise Invalid(field, f"must not be longer than {LONGEST[field]} characters")
    if field == "contact_email" and value:
        try:
            validate_email(value)
        except ValidationError as error:
            raise Invalid(field, f"{value!r} is not an e-mail address") from error
    if field == "contact_phone" and value and sum(map(str.isdigit, value)) < FEWEST_DIGITS:
        raise Invalid(field, f"{value!r} is not a telephone number")
    return value


def _document_name(document: Document) -> str:
    """A name to show, with the ending of what the file is. Raises Invalid for other files."""
    if not document.content:
        raise Invalid("licence_document", "is empty")
    if len(document.content) > LARGEST_DOCUMENT:
        raise Invalid("licence_document", "must not be larger than 5 MB")
    kind = next((SIGNATURES[s] for s in SIGNATURES if document.content.startswith(s)), None)
    if kind is None:
        raise Invalid("licence_document", "must be a PDF, PNG or JPEG file")
    name = re.split(r"[/\\]", document.name)[-1].strip() or "licence"
    if texts.has_control(name):
        raise Invalid("licence_document", "has a name with control characters")
    stem, _, ending = name.rpartition(".")
    if ending.lower() not in ENDINGS[kind]:
        stem, ending = name, kind
    return f"{texts.shown(stem, LONGEST_FILE_NAME - 1 - len(ending))}.{ending}"
