"""Changes a merchant's profile, and decides about its parts (rule 8.4)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from lib import encrypted, secrets, texts, wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants.models import Profile, ProfilePart, Standing
from merchants.trail import Action
from trail import operations as trail

LARGEST_DOCUMENT = 5 * 1024 * 1024
# The first bytes of each kind of file, which decide whatever the name says.
SIGNATURES = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
# The endings of names that each kind of file may have; the first is added where none fits.
ENDINGS = {"pdf": ("pdf",), "png": ("png",), "jpg": ("jpg", "jpeg")}

LONGEST = {
    "licence_number": texts.LONGEST_NAME,
    "contact_name": texts.LONGEST_NAME,
    "contact_email": 254,
    "contact_phone": 50,
}
FIELDS = {
    ProfilePart.LICENCE: ("licence_number", "licence_document", "licence_document_name"),
    ProfilePart.CONTACTS: ("contact_name", "contact_email", "contact_phone"),
}
NEEDED = {  # to confirm
    ProfilePart.LICENCE: ("licence_number", "licence_document"),
    ProfilePart.CONTACTS: ("contact_name", "contact_email"),
}
# By which field of a profile whose document is not loaded one sees whether there is one.
KNOWN_BY = {"licence_document": "licence_document_name"}
LONGEST_FILE_NAME = 200
FEWEST_DIGITS = 5  # of a telephone number


# The sentences for people about a wrong field; other fields have a general one.
WRONG = {"contact_phone": _("This is not a telephone number.")}


class ProfileIncomplete(Refused):
    """Too little of this part of the profile is filled in to be decided about."""

    code = "profile_incomplete"


class ProfileChanged(Refused):
    """Somebody has changed the profile since who decides, or changes it, looked at it."""

    code = "profile_changed"


class NoDocument(Refused):
    """The merchant has uploaded no licence document."""

    code = "no_document"


class NotADocument(Invalid):
    """The file can't be stored as a licence document."""

    sentence = _("Upload a PDF, PNG or JPEG file of at most 5 MB.")

    def __init__(self, problem: str) -> None:
        super().__init__("licence_document", problem)


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
    reason: str = "",
    seen: str | None = None,
    now: datetime,
) -> Profile:
    """Set these fields of the profile, and its licence document if one is given, with a trail row;
    other fields stay as they are. The profile is created if the merchant has none. A part that
    changes waits for a decision again, with a step in its history; if all of its fields are empty
    now, it has no standing. Nothing changes, and no row is written, if all values are the present
    ones. `reason` is that of an operator who changes it, and `seen` the `version` of the profile
    that the page showed on which somebody typed the values; None skips that check.

    Raises Invalid, which names the field: of the document it is NotADocument; and ProfileChanged if
    something would change and the profile is not as it was `seen`. It locks the profile.
    """
    changes: dict[str, object] = {name: _text(name, value) for name, value in fields.items()}
    if document is not None:
        changes["licence_document"] = document.content
        changes["licence_document_name"] = _checked_name(document)
    with transaction.atomic():
        profile, _ = Profile.objects.select_for_update().get_or_create(merchant_id=merchant_id)
        changed = [name for name in changes if _differs(profile, name, changes[name])]
        if not changed:
            return profile
        if seen is not None and version(profile) != seen:
            raise ProfileChanged("profile: it was changed meanwhile; look at it again")
        before = _words(profile, changed)
        for name, value in changes.items():
            if name != "licence_document":
                setattr(profile, name, value)
        if document is not None:
            encrypted.put(profile, "licence_document", document.content)
        profile.changed_at, profile.changed_by = now, actor
        profile.save()
        for part, names in FIELDS.items():
            if not set(names).isdisjoint(changed):
                is_empty = not any(getattr(profile, name) for name in names)
                _step(profile, part, "" if is_empty else Standing.WAITING, actor, now)
        after = _words(profile, changed)
        _note(Action.PROFILE_CHANGED, profile, before, after, actor, now, reason)
        return profile


def version(profile: Profile) -> str:
    """Which version of the profile this is: the instant of its last change in ISO 8601, or "" if
    nothing was ever filled in.
    """
    return profile.changed_at.isoformat() if profile.changed_at else ""


def change_contacts(
    *,
    merchant_id: int,
    contact_name: str,
    contact_email: str,
    contact_phone: str,
    actor: str,
    reason: str,
    now: datetime,
) -> Profile:
    """Set the merchant's contacts by an operator's decision, with a trail row; if they change, they
    wait for a decision again (`complete`). Raises Invalid for a contact that cannot be, or without
    a reason. It locks the profile.
    """
    fields = {
        "contact_name": contact_name,
        "contact_email": contact_email,
        "contact_phone": contact_phone,
    }
    reason = wording.checked("reason", reason)
    return complete(merchant_id=merchant_id, fields=fields, actor=actor, reason=reason, now=now)


def clear(
    *, merchant_id: int, parts: Sequence[ProfilePart], actor: str, now: datetime
) -> list[ProfilePart]:
    """Empty these parts of the profile, with the licence's document, in the caller's transaction,
    and write a step for each part that was filled in. Returns these parts.

    It is for erasing people: no trail row says what stood there. It locks the profile.
    """
    profile = Profile.objects.select_for_update().filter(merchant_id=merchant_id).first()
    filled = [
        part for part in parts if profile and any(getattr(profile, name) for name in FIELDS[part])
    ]
    if profile is None or not filled:
        return []
    for part in filled:
        for name in FIELDS[part]:
            setattr(profile, name, b"" if name == "licence_document" else "")
    profile.changed_at, profile.changed_by = now, actor
    profile.save()
    for part in filled:
        _step(profile, part, "", actor, now)
    return filled


def confirm(
    *,
    merchant_id: int,
    part: ProfilePart,
    actor: str,
    now: datetime,
    seen: datetime | None = None,
) -> Profile:
    """Confirm a part of the profile, one that waits or was rejected, with a step in its history and
    a trail row. The merchant sees it on its page, and gets no notice. `seen` is the `changed_at` of
    the version that the operator looked at; None skips that check.

    Raises ProfileIncomplete while something of NEEDED is not filled in, ProfileChanged,
    AlreadyDecided for one that is confirmed. It locks the profile.
    """
    with transaction.atomic():
        profile = _lock(merchant_id, part, seen, NEEDED[part])
        _decide(profile, part, Standing.CONFIRMED, actor, now)
        return profile


def reject(
    *,
    merchant_id: int,
    part: ProfilePart,
    reason: str,
    told: str,
    actor: str,
    now: datetime,
    seen: datetime | None = None,
) -> Profile:
    """Reject a part of the profile, even one that was confirmed, with a step in its history and a
    trail row. The merchant reads `told` on its page, and gets no notice; `reason` is for
    colleagues. Until the merchant changes the part, reviews count the profile as half complete at
    most.

    `seen` is the `changed_at` of the version that the operator looked at; None skips that check.
    Raises Invalid without both texts, ProfileIncomplete for an empty part, ProfileChanged,
    AlreadyDecided for one that is rejected. It locks the profile.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    told = wording.checked("told", told, wording.LONGEST_REASON)
    with transaction.atomic():
        profile = _lock(merchant_id, part, seen, ())
        if not profile.standing(part):
            raise ProfileIncomplete(f"profile: {part.lower()} missing")
        _decide(profile, part, Standing.REJECTED, actor, now, reason, told)
        return profile


def _lock(
    merchant_id: int, part: ProfilePart, seen: datetime | None, needed: Sequence[str]
) -> Profile:
    """Lock and return the profile. Raises ProfileIncomplete if there is none or one of the `needed`
    fields is empty, and ProfileChanged if it was last changed at another instant than `seen`,
    unless that is None.
    """
    profile = Profile.objects.select_for_update().filter(merchant_id=merchant_id).first()
    missing = [name for name in needed if profile is None or not getattr(profile, name)]
    if profile is None or missing:
        raise ProfileIncomplete(f"profile: {', '.join(missing)} missing")
    if seen is not None and profile.changed_at != seen:
        raise ProfileChanged("profile: it was changed meanwhile; look at it again")
    return profile


def _decide(
    profile: Profile,
    part: ProfilePart,
    standing: Standing,
    actor: str,
    now: datetime,
    reason: str = "",
    told: str = "",
) -> None:
    """Set the part's standing on the locked profile, with a step in its history and a trail row.
    The merchant reads `told`, the reason of a rejection; `reason` is for the trail. Raises
    AlreadyDecided if the part stands so already.
    """
    before = profile.standing(part)
    if before == standing:
        raise AlreadyDecided(f"profile: {part.lower()} is {standing} already")
    _step(profile, part, standing, actor, now, told)
    action = Action.PROFILE_CONFIRMED
    if standing == Standing.REJECTED:
        action = Action.PROFILE_REJECTED
    name = part.lower()
    _note(action, profile, {name: before}, {name: str(standing)}, actor, now, reason)


def _step(
    profile: Profile, part: ProfilePart, standing: str, actor: str, now: datetime, told: str = ""
) -> None:
    """Set the part's standing on the locked profile, and add a step that says so to the profile's
    history: at `now` or at the instant of the part's latest step, whichever is later. `told` is
    why, for the merchant. No trail row is written here, and no notice.
    """
    last = profile.steps.filter(part=part).order_by("-id").first()
    at = max(now, last.at) if last else now
    profile.steps.create(part=part, standing=standing, at=at, actor=actor, reason=told)
    field = f"{part.lower()}_standing"
    setattr(profile, field, standing)
    profile.save(update_fields=[field])


def _note(
    action: Action,
    profile: Profile,
    before: dict[str, str],
    after: dict[str, str],
    actor: str,
    now: datetime,
    reason: str = "",
) -> None:
    """Write a trail row about the profile."""
    trail.write(
        action,
        merchant_id=profile.merchant_id,
        subject="profile",
        before=before,
        after=after,
        actor=actor,
        reason=reason,
        now=now,
    )


def licence(*, merchant_id: int, actor: str, reason: str, now: datetime) -> tuple[str, bytes]:
    """Return (name, content) of the licence document for an operator. A trail row keeps who took it
    and why.

    Raises NoDocument, DocumentUnreadable, Invalid without a reason.
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
    """The decrypted licence document; empty if none was uploaded. The document is loaded if
    `profile` was read without it. Raises DocumentUnreadable if an encryption key is missing.
    """
    try:
        return encrypted.read(profile, "licence_document")
    except secrets.Undecryptable:
        raise DocumentUnreadable(
            "The licence document cannot be decrypted: an encryption key is missing."
        ) from None


def _words(profile: Profile, names: Sequence[str]) -> dict[str, str]:
    """The values of these fields and the standings of their parts, as texts for a trail row. The
    document is represented by its size.
    """
    told = {name: str(getattr(profile, name)) for name in names}
    for part, fields in FIELDS.items():
        if not set(fields).isdisjoint(names):
            told[part.lower()] = profile.standing(part)
    if "licence_document" in told:
        told["licence_document"] = _size(profile)
    return told


def _size(profile: Profile) -> str:
    """The size of the licence document in words, or "unreadable"."""
    try:
        return f"{len(read_document(profile))} bytes"
    except DocumentUnreadable:
        return "unreadable"


def _differs(profile: Profile, name: str, value: object) -> bool:
    """Whether the field's value differs from the present one. A document that cannot be decrypted
    counts as different.
    """
    if name != "licence_document":
        return bool(getattr(profile, name) != value)
    try:
        return read_document(profile) != value
    except DocumentUnreadable:  # its key is lost: the way out is to upload it again
        return True


def _text(field: str, value: str) -> str:
    """The value of a field, without spaces around it; it may be empty. Raises Invalid if the
    profile has no such field, or the value is too long, has control characters, or is no e-mail
    address or telephone number (of at least FEWEST_DIGITS digits) in a field for one.
    """
    if field not in LONGEST:
        raise Invalid(field, "is no field of a profile")
    if texts.has_control(value):
        raise Invalid(field, "must be one line of printable text", WRONG.get(field))
    value = value.strip()
    if len(value) > LONGEST[field]:
        problem = f"must not be longer than {LONGEST[field]} characters"
        raise Invalid(field, problem, WRONG.get(field))
    if field == "contact_email" and value:
        try:
            validate_email(value)
        except ValidationError as error:
            raise Invalid(field, f"{value!r} is not an e-mail address") from error
    if field == "contact_phone" and value and sum(map(str.isdigit, value)) < FEWEST_DIGITS:
        raise Invalid(field, f"{value!r} is not a telephone number", WRONG.get(field))
    return value


def _checked_name(document: Document) -> str:
    """Return the file name under which the document is kept: without folders, and with at
    most LONGEST_FILE_NAME characters. If its ending does not fit its content, the right one
    is put behind the whole name; a document without a name is called "licence". Raises
    NotADocument if the content is empty, larger than 5 MB, or not a PDF, PNG or JPEG file,
    or if the name has control characters.
    """
    if not document.content:
        raise NotADocument("is empty")
    if len(document.content) > LARGEST_DOCUMENT:
        raise NotADocument("must not be larger than 5 MB")
    kind = next((SIGNATURES[s] for s in SIGNATURES if document.content.startswith(s)), None)
    if kind is None:
        raise NotADocument("must be a PDF, PNG or JPEG file")
    name = re.split(r"[/\\]", document.name)[-1].strip() or "licence"
    if texts.has_control(name):
        raise NotADocument("has a name with control characters")
    stem, _, ending = name.rpartition(".")
    if ending.lower() not in ENDINGS[kind]:
        stem, ending = name, kind
    return f"{texts.shown(stem, LONGEST_FILE_NAME - 1 - len(ending))}.{ending}"
