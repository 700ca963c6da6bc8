"""The accounts and cards that a merchant's proceeds may be paid to (rule 10.1)."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from credit import bank_accounts, masks
from credit.models import CreditLine, PayoutDestination
from credit.notices.proceeds import DESTINATION_ADDED, FILLED_IN
from credit.operations import automatic_ends, lines
from credit.trail import Action
from lib import encrypted, secrets, texts
from lib.refusals import Conflict, Invalid, Refused
from notices.operations import notices
from trail import operations as trail

USABLE_AFTER = timedelta(hours=24)  # time for an owner to notice a thief's
MAINLAND_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})")
FOREIGN_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")
# Narrower than what e-mail allows: a bank's file may be opened in a spreadsheet, which takes what
# starts with = + or - for a formula.
ALIPAY_EMAIL = re.compile(r"[A-Za-z0-9][^\s,;\"']{2,253}")
CARD = re.compile(r"[0-9]{12,19}")


# What is said to a person who typed a wrong number.
NUMBERS: dict[str, StrOrPromise] = {
    PayoutDestination.Kind.BANK_CARD: _(
        "This is no card number: it has 12 to 19 digits. Check each digit."
    ),
    PayoutDestination.Kind.ALIPAY: _(
        "Enter the e-mail address or the mobile number of the Alipay account."
    ),
    PayoutDestination.Kind.BANK_ACCOUNT: _(
        "This is no account number of that country. Check each digit."
    ),
}
BIC = _("This is no BIC of a bank in that country: 8 or 11 letters and digits. Or leave it empty.")
TOWN = _("Write the town in letters only, in 35 at most. Or leave it empty.")
TYPE = _("Choose the type only for an account in Japan: there the bank needs it.")
ROUTING = _(
    "This is no bank or branch code of that country. Where accounts have an IBAN, leave it empty."
)


class UnknownDestination(Refused):
    """The merchant has no such destination; it may be another merchant's."""

    code = "unknown_destination"
    sentence = _("This destination is not yours any more. Choose another one.")


class DestinationNotUsable(Refused):
    """The destination was removed, or was added less than 24 hours ago."""

    code = "destination_not_usable"
    sentence = _("This destination can't be used now. Choose another one.")


class DestinationConflict(Conflict):
    """The merchant has a destination with this number already, under another holder or bank."""

    sentence = _(
        "You have this number already, with another holder or bank. Remove that destination first."
    )


class DestinationBlocked(Refused):
    """Our people have blocked this number at the merchant, so that it cannot be added again."""

    code = "destination_blocked"
    sentence = _("We have blocked this account for withdrawals. Ask us, or choose another one.")


class NotADestination(Invalid):
    """A field is missing or malformed, or this kind of destination does not have it."""

    sentence = _("Write the name in letters only, as the bank knows it.")

    def __init__(self, kind: PayoutDestination.Kind, field: str, problem: str) -> None:
        more_to_say = {
            **{"routing": ROUTING, "number": NUMBERS.get(kind), "bic": BIC},
            "account_type": TYPE,
            "town": TOWN,
        }
        super().__init__(field, problem, more_to_say.get(field))


def add(
    *,
    merchant_id: int,
    kind: PayoutDestination.Kind,
    holder: str,
    number: str,
    bank: str = "",
    country: str = "",
    routing: str = "",
    bic: str = "",
    account_type: str = "",
    town: str = "",
    actor: str,
    now: datetime,
) -> tuple[PayoutDestination, bool]:
    """Add a destination, usable in 24 hours: an Alipay account (e-mail or mobile number), a bank
    card, or a bank account in `country` (with its `routing` code, if that country has one, its
    bank's BIC and its holder's town, if they are known, and its type, if that country's banks tell
    types apart).

    The number is stored encrypted. All owners are notified, and a trail row is written. Returns the
    destination and whether it is new: a destination that the merchant has already is returned, in
    which BIC, type and town are filled in if they were missing (`_fill_in`), and nothing else is
    changed. Raises Invalid, DestinationBlocked, and DestinationConflict if it is known with another
    holder, bank, BIC, type or town. Rule 10.1, rule 10.3, rule 10.18, rule 29.29.
    """
    holder, bank = _name(kind, holder, "holder"), _bank(kind, bank)
    number, routing = _number(kind, number, country, routing)
    said = {
        "bic": _bic(kind, country, bic),
        "account_type": _type(kind, country, account_type),
        "town": _town(kind, town),
    }
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        known = _same_destination(line, kind, number, country, routing)
        if known is not None:
            if known.is_blocked:
                raise DestinationBlocked(f"number: {known} is blocked")
            is_other = any(
                text and getattr(known, name) not in ("", text) for name, text in said.items()
            )
            if is_other or (known.holder, known.bank) != (holder, bank):
                raise DestinationConflict(f"number: {known} is known with another holder or bank")
            _fill_in(known, said, actor, now)
            return known, False
        destination = PayoutDestination(
            pk=encrypted.next_key(PayoutDestination),
            line=line,
            kind=kind,
            holder=holder,
            bank=bank,
            country=country,
            routing=routing,
            **said,
            last_four=_last_four(number),
            masked=masks.as_alipay_masks(number) if kind == PayoutDestination.Kind.ALIPAY else "",
            added_at=now,
            added_by=actor,
            usable_from=now + USABLE_AFTER,
        )
        encrypted.put(destination, "number", number.encode())
        destination.save(force_insert=True)
        _notify_owners(destination)
        note(Action.DESTINATION_ADDED, destination, actor, now)
    return destination, True


def _fill_in(known: PayoutDestination, said: Mapping[str, str], actor: str, now: datetime) -> None:
    """Fill in what is said of a destination of a locked line and was missing, if anything is. All
    owners are notified, as of a new destination, and a trail row is written. Files for the bank
    have it 24 hours later (`filled_in_lately`). Rule 29.29.
    """
    missing = {name: text for name, text in said.items() if text and not getattr(known, name)}
    if not missing:
        return
    for name, text in missing.items():
        setattr(known, name, text)
    known.filled_in = {**known.filled_in, **dict.fromkeys(missing, now.isoformat())}
    known.save(update_fields=[*missing, "filled_in"])
    notices.write(
        merchant_id=known.line_id,
        kind=DESTINATION_ADDED,
        cause=f"{known.pk}:{','.join(missing)}",
        at=now,
        status=FILLED_IN,
        destination=known.kind,
        **known.shown_by,
        by=actor,
    )
    usable_from = {"usable_from": known.usable_from.isoformat()}
    trail.write(
        Action.DESTINATION_FILLED_IN,
        merchant_id=known.line_id,
        subject=known.called,
        before=usable_from,
        after=usable_from | missing,
        actor=actor,
        now=now,
    )


def filled_in_lately(destination: PayoutDestination, *, now: datetime) -> bool:
    """Whether something of the destination was filled in less than 24 hours ago, so that its owners
    may still say that they do not know of it.
    """
    filled_in = map(datetime.fromisoformat, destination.filled_in.values())
    return any(now < at + USABLE_AFTER for at in filled_in)


def _notify_owners(destination: PayoutDestination) -> None:
    """Write the notice to the owners that the destination was added."""
    notices.write(
        merchant_id=destination.line_id,
        kind=DESTINATION_ADDED,
        cause=str(destination.pk),
        at=destination.added_at,
        destination=destination.kind,
        **destination.shown_by,
        by=destination.added_by,
    )


def note(
    action: Action, destination: PayoutDestination, actor: str, now: datetime, reason: str = ""
) -> None:
    """Write the trail row of a destination that was added (its values stand after) or removed or
    blocked (they stand before).
    """
    what = {
        "holder": destination.holder,
        "bank": destination.bank,
        **({"country": destination.country} if destination.country else {}),
        **({"routing": destination.routing} if destination.routing else {}),
        **({"bic": destination.bic} if destination.bic else {}),
        **({"account_type": destination.account_type} if destination.account_type else {}),
        **({"town": destination.town} if destination.town else {}),
        "usable_from": destination.usable_from.isoformat(),
    }
    is_new = action == Action.DESTINATION_ADDED
    trail.write(
        action,
        merchant_id=destination.line_id,
        subject=destination.called,
        before={} if is_new else what,
        after=what if is_new else {},
        actor=actor,
        reason=reason,
        now=now,
    )


def _name(kind: PayoutDestination.Kind, name: str, field: str) -> str:
    """The name of a holder or bank, with single blanks. `field` says which of them an error is
    about. Raises NotADestination if the name is empty, too long, or has control characters.
    """
    if texts.has_control(name):
        raise NotADestination(kind, field, "must not have control characters")
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise NotADestination(kind, field, "is missing")
    if len(name) > texts.LONGEST_NAME:
        problem = f"must not be longer than {texts.LONGEST_NAME} characters"
        raise NotADestination(kind, field, problem)
    if not name.isprintable():
        raise NotADestination(kind, field, "must not have control characters")
    return name


def _bank(kind: PayoutDestination.Kind, bank: str) -> str:
    """The bank's name for a card or bank account, and "" for Alipay. Raises NotADestination if it
    is missing, malformed, or given for Alipay.
    """
    if kind in (PayoutDestination.Kind.BANK_CARD, PayoutDestination.Kind.BANK_ACCOUNT):
        return _name(kind, bank, "bank")
    if bank.strip():
        raise NotADestination(kind, "bank", "only a bank card or account has one")
    return ""


def _number(
    kind: PayoutDestination.Kind, number: str, country: str, routing: str
) -> tuple[str, str]:
    """Return (number, routing code) as banks write them; the code is empty if there is none. Raises
    NotADestination for a number that this kind of destination cannot have, and for a country or
    routing code if it is no bank account.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked(country, number, routing)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    for field, text in (("country", country), ("routing", routing)):
        if text.strip():
            raise NotADestination(kind, field, "only a bank account has one")
    return _number_of_no_account(kind, number), ""


def _bic(kind: PayoutDestination.Kind, country: str, bic: str) -> str:
    """The BIC of an account's bank as banks write it; "" if nobody said it. Raises
    NotADestination.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked_bic(country, bic)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    if bic.strip():
        raise NotADestination(kind, "bic", "only a bank account has one")
    return ""


def _type(kind: PayoutDestination.Kind, country: str, account_type: str) -> str:
    """The type of an account, where its country's banks tell types apart; else "". Raises
    NotADestination if it is missing there, or given elsewhere.
    """
    if kind == PayoutDestination.Kind.BANK_ACCOUNT:
        try:
            return bank_accounts.checked_type(country, account_type)
        except bank_accounts.NotAnAccount as error:
            raise NotADestination(kind, error.field, error.problem) from None
    if account_type:
        raise NotADestination(kind, "account_type", "only a bank account has one")
    return ""


def _town(kind: PayoutDestination.Kind, town: str) -> str:
    """The town of an account's holder, with single blanks; "" if nobody said it. Raises
    NotADestination.
    """
    if not town.strip():
        return ""
    if kind != PayoutDestination.Kind.BANK_ACCOUNT:
        raise NotADestination(kind, "town", "only a bank account has one")
    town = _name(kind, town, "town")
    if len(town) > bank_accounts.LONGEST_TOWN:
        problem = f"must not be longer than {bank_accounts.LONGEST_TOWN} characters"
        raise NotADestination(kind, "town", problem)
    return town


def _number_of_no_account(kind: PayoutDestination.Kind, number: str) -> str:
    """The number of a card or an Alipay account in its plain form, in which full-width digits of
    Chinese keyboards are ordinary ones. Raises NotADestination, also for any other kind.
    """
    plain = "".join(unicodedata.normalize("NFKC", number).split())
    if kind == PayoutDestination.Kind.BANK_CARD:
        plain = plain.replace("-", "")
        if not CARD.fullmatch(plain):
            raise NotADestination(kind, "number", "must be a card number of 12 to 19 digits")
        if not _passes_luhn(plain):
            raise NotADestination(kind, "number", "is not a card number: a digit is wrong")
        return plain
    if kind != PayoutDestination.Kind.ALIPAY:
        known = ", ".join(PayoutDestination.Kind.values)
        raise NotADestination(kind, "kind", f"{kind!r} is none of {known}")
    return _email(kind, plain) if "@" in plain else _mobile(kind, plain.replace("-", ""))


def _email(kind: PayoutDestination.Kind, address: str) -> str:
    """The e-mail address of an Alipay account in small letters. Raises NotADestination if it is
    none; `kind` only goes into that error.
    """
    try:
        validate_email(address)
    except ValidationError:
        pass
    else:
        if ALIPAY_EMAIL.fullmatch(address):
            return address.lower()
    raise NotADestination(kind, "number", "must be an e-mail address or a mobile number")


def _mobile(kind: PayoutDestination.Kind, number: str) -> str:
    """The mobile number of an Alipay account; a mainland Chinese one loses its country code. Raises
    NotADestination if it is none; `kind` only goes into that error.
    """
    if mainland := MAINLAND_MOBILE.fullmatch(number):
        return mainland[1]
    if FOREIGN_MOBILE.fullmatch(number):
        return number
    raise NotADestination(kind, "number", "must be an e-mail address or a mobile number")


def _passes_luhn(digits: str) -> bool:
    """Whether the last digit is right by the Luhn formula of card numbers."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0


def _last_four(number: str) -> str:
    """The last characters of the number, by which its owner recognises it: at most four, and at
    most half of it. For an e-mail address they are of the part before the @: the last four, or only
    the last one if that part is no longer than four.
    """
    local, is_email, _ = number.partition("@")
    if is_email:
        return local[-4:] if len(local) > 4 else local[-1:]
    return number[-min(4, len(number) // 2) :]


def _same_destination(
    line: CreditLine, kind: str, number: str, country: str, routing: str
) -> PayoutDestination | None:
    """The line's destination with this kind, number, country and routing that was blocked, or was
    not removed; None if there is none. Only numbers with the same last characters are decrypted for
    it.
    """
    alike = PayoutDestination.objects.filter(
        Q(removed_at__isnull=True) | Q(blocked_at__isnull=False),
        line=line,
        kind=kind,
        country=country,
        routing=routing,
        last_four=_last_four(number),
    ).order_by(F("blocked_at").asc(nulls_last=True), "pk")
    return next((one for one in alike if _is_number(one, number)), None)


def _is_number(destination: PayoutDestination, number: str) -> bool:
    """Whether the destination has this number. False if its number cannot be decrypted."""
    try:
        return encrypted.read(destination, "number").decode() == number
    except secrets.Undecryptable:  # its key is lost: the way out is to add it again
        return False


def remove(
    *, merchant_id: int, destination_id: int, actor: str, now: datetime
) -> PayoutDestination:
    """Remove a destination, with a trail row: no new withdrawal goes to it, and automatic
    withdrawals to it end.

    Withdrawals on their way to it go on until they end, unless the merchant cancels them; one that
    its provider never received is not sent again. Does nothing if it was removed before. Raises
    UnknownDestination. Rule 10.4.
    """
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        now = line.now
        destination = load(line, destination_id)
        if destination.removed_at is not None:
            return destination
        take_away(destination, actor=actor, now=now)
        note(Action.DESTINATION_REMOVED, destination, actor, now)
    return destination


def take_away(destination: PayoutDestination, *, actor: str, now: datetime) -> None:
    """Mark the destination of a locked line as removed, and end automatic withdrawals to it. Unlike
    `remove`, it writes no trail row about the destination.
    """
    destination.removed_at, destination.removed_by = now, actor
    destination.save(update_fields=["removed_at", "removed_by"])
    rules = destination.line.payout_schedules.filter(destination=destination, ended_at__isnull=True)
    for rule in rules:
        automatic_ends.end(rule, actor=actor, now=now)


def load(line: CreditLine, destination_id: int) -> PayoutDestination:
    """The destination of the locked line with this id, removed or not. Raises
    UnknownDestination.
    """
    destination = PayoutDestination.objects.filter(line=line, pk=destination_id).first()
    if destination is None:
        raise UnknownDestination("This merchant has no such destination.")
    return destination


def usable(line: CreditLine, destination_id: int, *, now: datetime) -> PayoutDestination:
    """The destination of the locked line with this id, if money can be sent to it at `now`.

    Raises UnknownDestination, and DestinationNotUsable if it was removed, or was added less than 24
    hours ago.
    """
    destination = load(line, destination_id)
    if destination.removed_at is not None:
        raise DestinationNotUsable(f"{destination} was removed.")
    if now < destination.usable_from:
        raise DestinationNotUsable(
            f"{destination} can be used from {destination.usable_from.isoformat()}."
        )
    return destination
