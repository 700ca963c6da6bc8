"""The accounts and cards that a merchant's proceeds may be paid to (rule 10.1)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from credit import masks
from credit.models import CreditLine, PayoutDestination
from credit.notices.proceeds import DESTINATION_ADDED, FILLED_IN
from credit.operations import automatic_ends, destination_fields, lines
from credit.trail import Action
from lib import encrypted, secrets
from lib.refusals import Conflict, Refused
from notices.operations import notices
from trail import operations as trail

USABLE_AFTER = timedelta(hours=24)  # time for an owner to notice a thief's


class UnknownDestination(Refused):
    """The merchant has no such destination; it may be another merchant's."""

    code = "unknown_destination"
    sentence = _("This destination is not yours any more. Choose another one.")


class DestinationNotUsable(Refused):
    """The destination was removed, or was added less than 24 hours ago."""

    code = "destination_not_usable"
    sentence = _("This destination can't be used now. Choose another one.")


class DestinationConflict(Conflict):
    """The merchant has a destination with this number already, under another holder or bank, or
    with another BIC, type or town.
    """

    sentence = _(
        "You have this number already, with another holder, bank, BIC, type or town. Remove that"
        " destination first."
    )


class DestinationBlocked(Refused):
    """Our people have blocked this number at the merchant, so that it cannot be added again."""

    code = "destination_blocked"
    sentence = _("We have blocked this account for withdrawals. Ask us, or choose another one.")


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
    destination and whether it is new: one that the merchant has and did not remove is returned, in
    which BIC, type and town are filled in if they were missing (`_fill_in`), and nothing else is
    changed. Raises Invalid, NotADestination for a number or name that cannot be,
    DestinationBlocked, and DestinationConflict if it is known with another holder, bank, BIC, type
    or town. It locks the line, whose ended days are worked off first (lines.lock). Rule 10.1, rule
    10.3, rule 10.18, rule 29.29.
    """
    holder = destination_fields.checked_name(kind, holder, "holder")
    bank = destination_fields.checked_bank(kind, bank)
    number, routing = destination_fields.checked_number(kind, number, country, routing)
    said = {
        "bic": destination_fields.checked_bic(kind, country, bic),
        "account_type": destination_fields.checked_type(kind, country, account_type),
        "town": destination_fields.checked_town(kind, town),
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
                raise DestinationConflict(
                    f"number: {known} is known with another holder, bank, BIC, type or town"
                )
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
    UnknownDestination. It locks the line, whose ended days are worked off first (lines.lock). Rule
    10.4.
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
    """Look up the destination of the locked line with this id, removed or not. Raises
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
