"""Writes files for the bank as pain.001, beside the CSV of credit.operations.payout_files, and
writes them again, byte for byte (rule 29.19, rule 29.21).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby

from django.conf import settings

from credit import bank_accounts
from credit.models import PaymentFile, PayoutDestination, Withdrawal
from credit.operations import destinations
from credit.payment_files import pain_001, routes
from credit.payment_files.accounts import Account
from credit.payment_files.pain_001 import Part
from credit.payment_files.routes import Lacking, Transfer
from lib import calendar
from lib.refusals import Refused

NumberOf = Callable[[Withdrawal], str]


class NotInThisFile(Refused):
    """The file cannot say this withdrawal: its destination lacks what it needs, or we have no
    account in its currency.
    """

    code = "not_in_this_file"


class NotAsItWas(Refused):
    """The file cannot be written as it was any more, such as after the erasure of a person."""

    code = "not_as_it_was"


class PartlyEnded(Refused):
    """Withdrawals in the file have ended, so that it must not go to the bank again."""

    code = "partly_ended"


def check(withdrawal: Withdrawal, number_of: NumberOf, *, now: datetime) -> None:
    """Raise NotInThisFile unless a pain.001 can say the withdrawal at `now`: we have an account in
    its currency, its destination is a bank account with all that a transfer there needs, and
    nothing was filled in of it less than 24 hours ago. Raises what `number_of` raises, too.
    """
    account = settings.TAEL_PAYOUT_ACCOUNTS.get(withdrawal.currency)
    if account is None:
        said = f"TAEL_PAYOUT_ACCOUNTS has no account in {withdrawal.currency}"
        raise NotInThisFile(f"Withdrawal {withdrawal}: {said}.")
    destination = withdrawal.destination
    if destination.kind != PayoutDestination.Kind.BANK_ACCOUNT:
        raise NotInThisFile(
            f"Withdrawal {withdrawal}: {destination} is no bank account, and goes into a CSV only."
        )
    if destinations.filled_in_lately(destination, now=now):
        raise NotInThisFile(
            f"Withdrawal {withdrawal}, {destination}: something was filled in less than 24 hours"
            " ago, and its owners may say that they do not know of it."
        )
    try:
        _check_type(destination)
        routes.route(account, _transfer(withdrawal, number_of, now))
    except Lacking as lacking:
        raise NotInThisFile(f"Withdrawal {withdrawal}, {destination}: {lacking}.") from None


def _check_type(destination: PayoutDestination) -> None:
    """Raise Lacking for an account of a type that its bank would need to know, and that was not
    asked for when it was added.
    """
    known = bank_accounts.rules_of(destination.country).types
    if known and destination.account_type not in known:
        raise Lacking(
            f"an account in {destination.country} needs its type ({' or '.join(known).lower()}):"
            " have the merchant add it again with its type"
        )


def keep(
    *,
    name: str,
    version: str,
    withdrawals: Sequence[Withdrawal],
    number_of: NumberOf,
    actor: str,
    now: datetime,
) -> str:
    """Write the withdrawals, which were checked, into a pain.001 of this name and `version`, keep
    what it takes to write it again (a PaymentFile), and return its text. The withdrawals are not
    changed: the caller marks them as sent. Raises Lacking, and what `number_of` raises.
    """
    used = sorted({withdrawal.currency for withdrawal in withdrawals})
    accounts = {code: settings.TAEL_PAYOUT_ACCOUNTS[code] for code in used}
    days = {code: calendar.local_date(now, one.zone) for code, one in accounts.items()}
    file = PaymentFile(
        name=name,
        version=version,
        edition=pain_001.TOWNS,
        made_at=now,
        made_by=actor,
        count=len(withdrawals),
        accounts={
            code: {**asdict(one), "on": days[code].isoformat()} for code, one in accounts.items()
        },
    )
    text = _text(file, withdrawals, number_of)
    file.digest = _digest(text)
    file.save(force_insert=True)
    return text


def again(
    file: PaymentFile,
    withdrawals: Sequence[Withdrawal],
    number_of: NumberOf,
    *,
    to_be_sent: bool,
) -> str:
    """The text of the file as it was sent; `withdrawals` are all that are in it.

    Raises PartlyEnded if it is to be sent once more and some of them have ended, NotAsItWas if a
    byte would differ, and what `number_of` raises.
    """
    ended = [str(one) for one in withdrawals if one.has_ended]
    if to_be_sent and ended:
        count = f"{len(ended)} of {len(withdrawals)} withdrawals"
        raise PartlyEnded(
            f"{count} in {file} have ended, such as {ended[0]}, and would be paid again. Look at it"
            " as it was sent."
        )
    try:
        text = _text(file, withdrawals, number_of)
    except Lacking as lacking:
        raise NotAsItWas(f"{file} cannot be written as it was: {lacking}.") from None
    if _digest(text) != file.digest:
        raise NotAsItWas(f"{file} cannot be written as it was: a destination was erased since.")
    return text


def _text(file: PaymentFile, withdrawals: Sequence[Withdrawal], number_of: NumberOf) -> str:
    """The file's text, with a part for each currency, in the order of their codes, and in it the
    withdrawals in the order given. Raises Lacking, and what `number_of` raises.
    """
    parts = []
    by_currency = sorted(withdrawals, key=lambda one: str(one.currency))  # stable: by line and key
    for currency, ones in groupby(by_currency, key=lambda one: str(one.currency)):
        kept = dict(file.accounts[currency])
        transfers = [_transfer(one, number_of, file.made_at) for one in ones]
        on = date.fromisoformat(kept.pop("on"))
        parts.append(Part(Account(**kept), on, transfers))
    return pain_001.write(file.version, str(file), file.made_at, parts, edition=file.edition)


def _transfer(withdrawal: Withdrawal, number_of: NumberOf, at: datetime) -> Transfer:
    """What a pain.001 of this instant has of the withdrawal, with the whole number of its
    destination: what was filled in later is not in it.
    """
    destination = withdrawal.destination
    since = {
        name
        for name, filled_in in destination.filled_in.items()
        if datetime.fromisoformat(filled_in) > at
    }
    return Transfer(
        reference=withdrawal.reference,
        amount=withdrawal.amount,
        holder=destination.holder,
        country=destination.country,
        number=number_of(withdrawal),
        routing=destination.routing,
        **{
            name: "" if name in since else getattr(destination, name)
            for name in bank_accounts.LATER
        },
    )


def _digest(text: str) -> str:
    """The SHA-256 of the text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
