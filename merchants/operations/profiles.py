"""What a merchant says of itself, and an operator's confirmation (domain: limit review)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from merchants import encrypted, secrets, texts, wording
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


class NoDocument(Refused):
    """The merchant has uploaded no licence document."""

    code = "no_document"


class DocumentUnreadable(Refused):
    """No encryption key opens the licence document."""

    code = "document_unreadable"


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
        changed = [name for name in changes if _differs(profile, name, changes[name])]
        if not changed:
            return profile
        before = _words(profile, changed)
        for name, value in changes.items():
            if name != "licence_document":
                setattr(profile, name, value)
        if document is not None:
            encrypted.put(profile, "licence_document", document.content)
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
        missing = [name for name in NEEDED if profile is None or not getattr(profile, name)]
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


def licence(*, merchant_id: int, actor: str, reason: str, now: datetime) -> tuple[str, bytes]:
    """The name and content of the licence document, for an operator, who says what for.

    Leaves a row on the trail. Raises NoDocument, DocumentUnreadable, Invalid without a reason.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    with transaction.atomic():
        profile = Profile.objects.filter(merchant_id=merchant_id).first()
        if profile is None or not profile.licence_document_name:
            raise NoDocument("The profile has no licence document.")
        content = read_document(profile)
        trail.write(
            Action.LICENCE_DOWNLOADED,
            merchant_id=merchant_id,
            subject="profile",
            after={"document": profile.licence_document_name},
            actor=actor,
            reason=reason,
            now=now,
        )
    return profile.licence_document_name, content


def read_document(profile: Profile) -> bytes:
    """The licence document; empty where there is none. Raises DocumentUnreadable."""
    try:
        return encrypted.read(profile, "licence_document")
    except secrets.Undecryptable:
        raise DocumentUnreadable(
            "The licence document cannot be decrypted: an encryption key is missing."
        ) from None


def _words(profile: Profile, names: Sequence[str]) -> dict[str, str]:
    """These fields as the trail tells them: of a document its size, for it is no text."""
    told = {name: str(getattr(profile, name)) for name in [*names, "confirmed_by"]}
    if "licence_document" in told:
        told["licence_document"] = _size(profile)
    return told


def _size(profile: Profile) -> str:
    try:
        return f"{len(read_document(profile))} bytes"
    except DocumentUnreadable:
        return "unreadable"


def _differs(profile: Profile, name: str, value: object) -> bool:
    if name != "licence_document":
        return bool(getattr(profile, name) != value)
    try:
        return read_document(profile) != value
    except DocumentUnreadable:  # its key is lost: the way out is to upload it again
        return True


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
