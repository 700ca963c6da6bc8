"""Takes statements of our bank accounts: each once, and each where the one before ended (rule
29.10, rule 29.11).

Nothing is booked here: lines wait for the job that matches them (bank_matching).
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from billing.models import BankFile, BankLine, BankStatement, other_sides
from billing.models.other_sides import OtherSide
from billing.queries import bank_statements as queries
from billing.trail import Action
from lib import cells, locks, money, texts, wording
from lib.bank_files import reading
from lib.bank_files.said import Entry, Statement, UnreadableFile
from lib.refusals import AlreadyDecided, Conflict, Refused
from trail import operations as trail

Status = BankStatement.Status
LONGEST_FILE_NAME = LONGEST_STATEMENT_NAME = 100


class UnreadableStatement(Refused):
    """The bank's file cannot be understood, contradicts itself, or is of no account of ours."""

    code = "unreadable_statement"


class StatementConflict(Conflict):
    """The account has a statement of this name that says something else."""


class UnknownStatement(Refused):
    """There is no such statement."""

    code = "unknown_statement"


def wait_turn() -> None:
    """Take the lock under which statements are taken and decided about, before that of any of them,
    until the transaction ends.
    """
    locks.wait_for_advisory_lock("bank statements")


@transaction.atomic
def take(*, content: bytes, file_name: str, actor: str, now: datetime) -> BankFile:
    """Take all statements of a bank's file, or none of it, and return the file; of one that was
    taken before, the one of then. Where the books are in cells, each statement is taken in one of
    them: that which has the account's others, or else this one (rule 30.11). The file is on record
    in each of these cells, and that of the first statement's cell is returned.

    One that goes on where the last statement of its account ended is TAKEN, as is the first of an
    account, and so are those that waited for it; any other one waits for an operator. The same file
    changes nothing, and of the same statement in another file only a row for that file is kept.
    Each new statement has a trail row. A second call waits until the transaction of the first ends.
    Raises UnreadableStatement, also for an account that is none of ours, and StatementConflict if a
    statement is known and says otherwise. Rule 29.10, rule 29.11.
    """
    digest = hashlib.sha256(content).hexdigest()
    wait_turn()
    known = BankFile.objects.filter(digest=digest, problem="").first()
    if known is not None and not queries.is_handed_over(known):
        return known
    file: BankFile | None = None
    for number, account, statement in _read(content):
        with cells.elsewhere(number):
            of_cell, _is_new = BankFile.objects.get_or_create(
                digest=digest,
                problem="",
                defaults={
                    "name": _shown(file_name, LONGEST_FILE_NAME),
                    "taken_at": now,
                    "taken_by": actor,
                },
            )
            _write(of_cell, account, statement, actor, now)
        file = file or of_cell
    assert file is not None  # a file without statements cannot be read
    return file


def note_problem(
    *, content: bytes, file_name: str, problem: str, actor: str, now: datetime
) -> BankFile:
    """Record that nothing was taken of a file, with `problem` as the reason; returns the file's
    row. The same content under the same name, with the same reason, is recorded once: the row that
    is there is returned then.
    """
    said = {
        "name": _shown(file_name, LONGEST_FILE_NAME),
        "digest": hashlib.sha256(content).hexdigest(),
        "problem": _shown(problem, texts.LONGEST_WORDS),
    }
    known = BankFile.objects.filter(**said).first()
    return known or BankFile.objects.create(**said, taken_at=now, taken_by=actor)


def _read(content: bytes) -> list[tuple[int, str, Statement]]:
    """The statements of the file, in its order, each with the number of the cell that it is taken
    in, and the account of ours that it is of. Raises UnreadableStatement if one of them cannot be
    taken.
    """
    try:
        found = reading.read(content)
        return [(*_account(one), one) for one in found]
    except UnreadableFile as error:
        raise UnreadableStatement(f"file: {error}") from None


def _account(statement: Statement) -> tuple[int, str]:
    """The number of the cell in which the statement is taken, and the account of ours that it is
    of. Raises UnreadableFile for a notice, a statement whose entries do not lead from balance to
    balance, one of no account of ours, and amounts of more digits than the currency has.
    """
    if statement.kind == "camt.054":
        raise UnreadableFile(
            f"{statement.id} is a notice without balances (camt.054), and no statement"
        )
    statement.check()
    found = _home(statement)
    if found is None:
        raise UnreadableFile(
            f"statement {statement.id} is of account {statement.account} in {statement.currency},"
            " which is no account of an issuer whose statements are taken"
        )
    digits = money.minor_digits(statement.currency)
    amounts = [one.amount for entry in statement.entries for one in entry.transactions]
    assert statement.opening is not None
    for amount in (*amounts, statement.opening.amount):
        if amount != round(amount, digits):
            raise UnreadableFile(
                f"statement {statement.id}: {amount} has more digits than {statement.currency}"
            )
    return found


def _home(statement: Statement) -> tuple[int, str] | None:
    """The number of the cell that has other statements of the account, or else of this one, and the
    account; None if it is no account of ours. Issuers, whose accounts they are, are shared.
    """
    account = queries.account_of(statement.account, statement.currency)
    if account is None:
        return None
    own = cells.number()
    others = [number for number in cells.numbers() if number != own] if cells.are_on() else []
    for number in (own, *others):
        with cells.elsewhere(number):
            if queries.of_account(account, statement.currency).exists():
                return number, account
    return own, account


def _write(
    file: BankFile, account: str, said: Statement, actor: str, now: datetime
) -> BankStatement:
    """Write the statement with its lines and a trail row, unless it is known, and take it, and
    those that waited for it, if it follows the last one that was taken. Returns it, or the known
    one. Raises StatementConflict if that says otherwise.
    """
    name = _shown(said.id, LONGEST_STATEMENT_NAME)
    known = queries.known(account, said, name)
    if known is not None:
        if known.digest not in (said.digest, said.former_digest):
            raise StatementConflict(f"statement: {name} of {account} is known, and says otherwise")
        return known
    assert said.opening is not None
    assert said.closing is not None
    # Some banks date the opening balance by the day before, some by that day itself.
    days = [entry.booked_on for entry in said.entries if entry.is_booked]
    found = list(_lines(said))
    statement = BankStatement.objects.create(
        file=file,
        kind=said.kind,
        account=account,
        name=name,
        digest=said.digest,
        currency=said.currency,
        opening=money.of(said.opening.amount, said.currency),
        closing=money.of(said.closing.amount, said.currency),
        opens_on=min([said.closing.on, *days]),
        closes_on=said.closing.on,
        line_count=len(found),
        taken_at=now,
        taken_by=actor,
    )
    for number, (line, other) in enumerate(found, start=1):
        line.statement, line.number = statement, number
        other_sides.put(line, other)
    BankLine.objects.bulk_create(line for line, _ in found)
    _trail(Action.BANK_STATEMENT_TAKEN, statement, actor, "", now)
    _go_on(account, said.currency)
    return statement


def _go_on(account: str, currency: str) -> None:
    """Take, of the statements that wait, whatever follows the last one of the account that was
    taken, or its first one.
    """
    while True:
        before = queries.last(account, currency)
        waiting = queries.of_account(account, currency).filter(status=Status.WAITING)
        found = [
            one
            for one in waiting.order_by("closes_on", "pk")
            if before is None or queries.follows(one, before)
        ]
        if not found:
            return
        statement = found[0]
        statement.status, statement.previous = Status.TAKEN, before
        statement.save(update_fields=["status", "previous"])


def _lines(said: Statement) -> Iterator[tuple[BankLine, OtherSide]]:
    """Yields a line, and who is on its other side, for each payment that came in or went out, but
    those of 0, of the entries that are booked, in the order of the file. Lines are not saved, and
    have neither statement nor number yet.
    """
    for entry in said.entries:
        if entry.is_booked:
            yield from _of_entry(entry, said.currency)


def _of_entry(entry: Entry, currency: str) -> Iterator[tuple[BankLine, OtherSide]]:
    """Yields a line, not saved yet, and who is on its other side, for each payment of the entry
    that is not of 0, in the order of the file. The amount of one that went out is below 0.
    """
    for one in entry.transactions:
        if not one.amount:
            continue
        other = one.payer if one.is_credit else one.payee
        line = BankLine(
            entry=entry.number,
            currency=currency,
            amount=money.of(one.signed, currency),
            booked_on=entry.booked_on,
            value_on=entry.value_on,
            code=_shown(entry.code, 35),
            bank_reference=_shown(one.bank_reference or entry.bank_reference, 35),
            end_to_end_id=_shown(one.end_to_end_id, 35),
            reference=_shown(" ".join(one.creditor_references), 140),
            instructed=_shown(one.instructed, 30),
            is_reversal=entry.is_reversal,
            return_reason=_shown(one.return_reason, 35),
        )
        yield (
            line,
            OtherSide(
                name=_shown(other.name, 140),
                account=_shown(other.account, 40),
                text=_shown(one.text or entry.text, texts.LONGEST_WORDS),
            ),
        )


def _shown(text: str, longest: int) -> str:
    """The bank's text on one line, with single spaces, cut to at most `longest` characters, and
    with a mark for each character that cannot be kept.
    """
    return texts.shown(" ".join(text.split()), longest)


@transaction.atomic
def accept(*, statement_id: int, actor: str, reason: str, now: datetime) -> BankStatement:
    """Take a statement that waits, with a trail row, though it does not follow the last
    one: what is between them is known to whoever decides. Its lines are matched from
    then on, and waiting statements that follow it are taken by this call, too. If a
    statement that was taken has a line of the same day and amount as one of its lines,
    that line is not booked by itself, but waits for an operator.

    It takes the lock of all statements, and raises UnknownStatement, AlreadyDecided if
    it does not wait, and Invalid without a reason. Rule 29.11.
    """
    statement = _hold(statement_id)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    statement.previous = queries.last(statement.account, statement.currency)
    statement.status = Status.TAKEN
    _decide(statement, Action.BANK_STATEMENT_ACCEPTED, actor, reason, now)
    _go_on(statement.account, statement.currency)
    return statement


@transaction.atomic
def set_aside(*, statement_id: int, actor: str, reason: str, now: datetime) -> BankStatement:
    """Leave out a statement that waits, with a trail row, as it does not follow: none of its lines
    is ever booked.

    It takes the lock of all statements. Raises UnknownStatement, AlreadyDecided if it does not
    wait, Invalid without a reason. Rule 29.11.
    """
    statement = _hold(statement_id)
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    statement.status = Status.SET_ASIDE
    _decide(statement, Action.BANK_STATEMENT_SET_ASIDE, actor, reason, now)
    return statement


def _hold(statement_id: int) -> BankStatement:
    """Lock the statement, which waits still, under the lock of all statements, and return it.
    Raises UnknownStatement, and AlreadyDecided if it does not wait.
    """
    wait_turn()
    statement = BankStatement.objects.select_for_update().filter(pk=statement_id).first()
    if statement is None:
        raise UnknownStatement(f"statement: there is no statement {statement_id}")
    if not statement.is_waiting:
        raise AlreadyDecided(f"statement: {statement} is {statement.status} already")
    return statement


def _decide(
    statement: BankStatement, action: Action, actor: str, reason: str, now: datetime
) -> None:
    """Save the statement's status, with who decided it and why, and put that on the trail."""
    statement.decided_at, statement.decided_by, statement.reason = now, actor, reason
    statement.save(update_fields=["status", "previous", "decided_at", "decided_by", "reason"])
    _trail(action, statement, actor, reason, now)


def _trail(
    action: Action, statement: BankStatement, actor: str, reason: str, now: datetime
) -> None:
    """Write the trail row of a statement, with its balances and the number of its lines."""
    trail.write(
        action,
        subject=f"bank statement {statement}"[:100],
        after={
            "opening": money.full(statement.opening),
            "closing": money.full(statement.closing),
            "lines": statement.line_count,
        },
        actor=actor,
        reason=reason,
        now=now,
    )
